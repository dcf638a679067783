// Products of many sizes, and what the errors of their sums may be.
#pragma once

#include "arrays.hpp"
#include "heddle/kernels/gemm.hpp"

namespace heddle::kernels {

struct Sizes {
  std::int64_t rows, in, out;
};
inline constexpr Sizes sizes[] = {{1, 1, 1}, {7, 5, 3},    {67, 129, 65}, {31, 64, 0},    {64, 1, 101},
                                  {0, 3, 4}, {1, 600, 17}, {530, 33, 1},  {515, 40, 530}, {3, 2, 8200}};

inline Vector magnitudes(Vector x) {
  for (double& value : x) value = std::abs(value);
  return x;
}

/// Bounds the error of sums of `terms` products in any order by what their magnitudes add up to (Higham,
/// Accuracy and Stability of Numerical Algorithms, section 3.1: gamma_n); the reference has such an error of
/// fp64. The products themselves are exact, or one rounding with a sum. What is stored as bf16 is rounded
/// once more. `of_products` bounds the relative error of a product whose factors were rounded first.
inline void expect_sums(const Array& array, const Vector& expected, const Vector& total, std::int64_t terms,
                        double of_products = 0) {
  const auto gamma = [&](double rounding) {
    const double n = static_cast<double>(terms) * rounding;
    return n / (1 - n);
  };
  const double summed = gamma(0x1p-53) + gamma(array.dtype() == DType::f64 ? 0x1p-53 : 0x1p-24);
  const double computed = summed + of_products + summed * of_products;
  const double stored = array.dtype() == DType::bf16 ? bfloat16_rounding : 0;
  const Vector values = array.values();
  ASSERT_EQ(values.size(), expected.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double error = computed * total[i];
    ASSERT_NEAR(values[i], expected[i], error + stored * (std::abs(expected[i]) + error))
        << name(array.dtype()) << " element " << i << " of " << values.size() << ", " << terms << " terms";
  }
}

/// A factor, and how it may lie in memory.
struct Factor {
  Factor(DType type, std::int64_t rows, std::int64_t columns, const Vector& values, bool flips)
      : array(type, {flips ? columns : rows, flips ? rows : columns},
              flips ? reference::transpose(values, rows, columns) : values),
        matrix(flips ? transposed(kernels::matrix(array)) : kernels::matrix(array)) {}
  Array array;
  Matrix matrix;
};

}  // namespace heddle::kernels
