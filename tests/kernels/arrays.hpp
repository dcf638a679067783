// Tensors with memory of their own, and their comparison with the references' vectors.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "../support/taylor.hpp"
#include "heddle/base/tensor.hpp"
#include "heddle/kernels/reference.hpp"
#include "heddle/lanes/memory.hpp"

namespace heddle::kernels {

using heddle::testing::inner_product;
using heddle::testing::taylor_order;
using reference::Tokens;
using reference::Vector;

/// What streams are stored as; their kernels' sums and statistics are of the compute_type. Taylor tests are
/// of fp64: what is rounded to bf16 has steps instead of slopes.
inline constexpr DType real_types[] = {DType::f32, DType::f64, DType::bf16};
/// What kernels take that are given sums, statistics or parameters only.
inline constexpr DType compute_types[] = {DType::f32, DType::f64};
inline const Tensor no_tensor{};

/// On which the kernels are tried: the device's.
inline lanes::Lane lane() { return lanes::device_lane(); }

/// Random numbers that `type` holds exactly: all dtypes hold what bf16 does, and they and the reference then
/// start from the same.
inline Vector random_values(std::int64_t count, std::uint64_t seed, DType type = DType::bf16) {
  Vector values = heddle::testing::random_vector(count, seed);
  with_real(type, [&](auto zero) {
    for (double& value : values) value = static_cast<decltype(zero)>(value);
  });
  return values;
}

inline Tokens random_tokens(std::int64_t count, std::int32_t vocabulary, std::uint64_t seed) {
  Tokens tokens(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < tokens.size(); ++i)
    tokens[i] =
        static_cast<std::int32_t>(Philox::draw(seed, 1, i).word[0] % static_cast<unsigned>(vocabulary));
  return tokens;
}

/// A tensor that owns its memory. It converts to Tensor wherever a kernel wants one.
class Array {
 public:
  /// Full of NaN: a kernel's result, which it must write everywhere.
  Array(DType dtype, Shape shape)
      : Array(dtype, shape, Vector(static_cast<std::size_t>(shape.count()), std::nan(""))) {}
  Array(DType dtype, Shape shape, const Vector& values) : Array(Tensor{nullptr, dtype, shape}) {
    EXPECT_EQ(static_cast<std::int64_t>(values.size()), shape.count());
    with_real(dtype, [&](auto zero) {
      using T = decltype(zero);
      std::vector<T> numbers(values.size());
      std::ranges::transform(values, numbers.begin(), [](double x) { return static_cast<T>(x); });
      lane().copy_from_host(std::as_bytes(std::span(numbers)), tensor_);
    });
  }
  /// Of these numbers, bit by bit.
  template <class T>
  explicit Array(const std::vector<T>& numbers)
      : Array(Tensor{nullptr, dtype_of<T>(), {static_cast<std::int64_t>(numbers.size())}}) {
    lane().copy_from_host(std::as_bytes(std::span(numbers)), tensor_);
  }
  operator const Tensor&() const { return tensor_; }

  Vector values() const {
    return with_real(tensor_.dtype, [&](auto zero) {
      const auto numbers = on_host<decltype(zero)>();
      return Vector(numbers.begin(), numbers.end());
    });
  }
  template <class T>
  std::vector<T> on_host() const {
    std::vector<T> all(static_cast<std::size_t>(tensor_.count()));
    lane().copy_to_host(tensor_, std::as_writable_bytes(std::span(all)));
    return all;
  }
  bool same_bits(const Array& other) const { return bytes() == other.bytes(); }
  DType dtype() const { return tensor_.dtype; }

 private:
  explicit Array(const Tensor& like) : memory_(like.bytes(), lane()), tensor_(like) {
    tensor_.data = memory_.data();
  }
  std::vector<std::byte> bytes() const {
    std::vector<std::byte> all(static_cast<std::size_t>(tensor_.bytes()));
    lane().copy_to_host(tensor_, all);
    return all;
  }

  lanes::Memory memory_;
  Tensor tensor_;
};

/// By how much more the numbers may be off where the host goes a device's ways: one lane adds up in a row what 32 share.
#ifdef HEDDLE_DEVICE_PACKS
inline constexpr double lanes_in_a_row = 2;
#else
inline constexpr double lanes_in_a_row = 1;
#endif

/// Compares with the reference, relative to its largest element, or to `size` if what cancelled on the way
/// was larger. The tolerance is in units of the rounding of what the dtype is computed in. Where that is not
/// what is stored, an element x + e, with an e within the tolerance, was rounded once more: by at most
/// bfloat16_rounding |x + e|. If one factor of each product that an element sums was rounded to bf16, e may be larger
/// by bfloat16_rounding times the sum of the products' magnitudes.
inline void expect_close(const Array& array, const Vector& expected, double roundings = 16,
                         double size = 1e-3, const Vector& magnitudes = {}) {
  const double epsilon = array.dtype() == DType::f64 ? std::numeric_limits<double>::epsilon()
                                                     : std::numeric_limits<float>::epsilon();
  const double stored = array.dtype() == DType::bf16 ? bfloat16_rounding : 0;
  double largest = size;
  for (double value : expected)
    if (std::isfinite(value)) largest = std::max(largest, std::abs(value));
  const double computed = lanes_in_a_row * roundings * epsilon * largest;
  const Vector values = array.values();
  ASSERT_EQ(values.size(), expected.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] == expected[i]) continue;
    const double error = computed + (magnitudes.empty() ? 0 : stored * magnitudes[i]);
    ASSERT_NEAR(values[i], expected[i], error + stored * (std::abs(expected[i]) + error))
        << name(array.dtype()) << " element " << i;
  }
}

}  // namespace heddle::kernels
