// What a run computes in. Under bf16 numbers stream as bf16 - activations, weights as products read them, cotangents,
// messages - while parameters, moments, gradients, statistics and all sums are fp32 (Micikevicius et al., "Mixed
// Precision Training", arXiv 1710.03740; Kalamkar et al., arXiv 1905.12322).
#pragma once

#include <string_view>

#include "heddle/base/dtype.hpp"

namespace heddle {

enum class Precision : std::uint8_t {
  fp64,
  fp32,
  tf32,  ///< fp32, with products in TF32 where the device has them; the host has none
  bf16,
};

/// The type of what streams through the ops.
constexpr DType stream_type(Precision precision) {
  switch (precision) {
    case Precision::fp64: return DType::f64;
    case Precision::bf16: return DType::bf16;
    default: return DType::f32;
  }
}

/// What a product of matrices does with its factors before it multiplies them; sums are of their compute_type all the same.
enum class Rounding : std::uint8_t {
  none,
  tf32,  ///< fp32 numbers lose all but 10 bits of their fraction, where the device has TF32
};

constexpr std::string_view name(Rounding rounding) { return rounding == Rounding::tf32 ? "tf32" : "none"; }

/// That of the products of a run.
constexpr Rounding product_rounding(Precision precision) {
  return precision == Precision::tf32 ? Rounding::tf32 : Rounding::none;
}

/// The type of parameters, and of what is summed.
constexpr DType master_type(Precision precision) { return compute_type(stream_type(precision)); }

}  // namespace heddle
