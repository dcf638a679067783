// The number types that cross module borders.
#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>

#include "heddle/base/bfloat16.hpp"
#include "heddle/base/error.hpp"

namespace heddle {

enum class DType : std::uint8_t { f32, f64, bf16, i32, i16 };

constexpr std::int64_t size_of(DType type) {
  switch (type) {
    case DType::f64: return 8;
    case DType::bf16:
    case DType::i16: return 2;
    default: return 4;
  }
}

constexpr std::string_view name(DType type) {
  constexpr std::string_view names[] = {"fp32", "fp64", "bf16", "int32", "int16"};
  return names[static_cast<int>(type)];
}

template <class T>
constexpr DType dtype_of();
template <>
constexpr DType dtype_of<float>() {
  return DType::f32;
}
template <>
constexpr DType dtype_of<double>() {
  return DType::f64;
}
template <>
constexpr DType dtype_of<BFloat16>() {
  return DType::bf16;
}
template <>
constexpr DType dtype_of<std::int32_t>() {
  return DType::i32;
}
template <>
constexpr DType dtype_of<std::int16_t>() {
  return DType::i16;
}

constexpr bool is_floating(DType type) { return type != DType::i32 && type != DType::i16; }

/// What numbers of a floating type are computed, summed and averaged in.
constexpr DType compute_type(DType type) { return type == DType::bf16 ? DType::f32 : type; }

/// Calls `f` with a value of the C++ type that stands for a floating `type`: `with_real(t,
/// [&](auto zero) {...})`.
template <class F>
decltype(auto) with_real(DType type, F&& f) {
  HEDDLE_EXPECT(is_floating(type));
  switch (type) {
    case DType::f64: return f(double{});
    case DType::bf16: return f(BFloat16{});
    default: return f(float{});
  }
}

/// A number in a type that numbers are kept in: how training makes a weight of its master.
template <class T>
constexpr T nearest(double x) {
  if constexpr (std::is_same_v<T, BFloat16>)
    return BFloat16::nearest(static_cast<float>(x));
  else
    return static_cast<T>(x);
}

/// The same for what is only computed and summed in, fp32 or fp64.
template <class F>
decltype(auto) with_compute(DType type, F&& f) {
  HEDDLE_EXPECT(type == DType::f32 || type == DType::f64);
  return type == DType::f32 ? f(float{}) : f(double{});
}

}  // namespace heddle
