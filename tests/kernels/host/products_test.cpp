// The products that gemm on the host is made of.
#include "../products.hpp"

#include "../../../src/kernels/host/host_products.hpp"

namespace heddle::kernels {
namespace {

/// By the processor's instructions where it has them, and by fp32 copies.
using Bf16Product = void (*)(const Matrix&, const Matrix&, const Matrix&, Write, const Tensor&);
constexpr Bf16Product bf16_products[] = {[](const Matrix& a, const Matrix& b, const Matrix& c, Write write,
                                            const Tensor& bias) { gemm(lane(), a, b, c, write, bias); },
                                         widened_product};

TEST(Gemm, RoundsToBf16Once) {
  const Array one(DType::bf16, {1, 1}, {1}), x(DType::bf16, {1, 1}, {0x1.1p0});
  Array y(DType::bf16, {1, 1});
  for (const Bf16Product product : bf16_products) {
    const Array little(DType::f32, {1}, {0x1p-8 + 0x1p-16});  // rounded first it is no more than a tie
    product(matrix(one), matrix(one), matrix(y), Write::overwrite, little);
    EXPECT_EQ(y.values()[0], 1 + 0x1p-7);
    const Array most(DType::f32, {1}, {-1});  // leaves digits of the product that bf16 has no place for
    product(matrix(x), matrix(x), matrix(y), Write::overwrite, most);
    EXPECT_EQ(y.values()[0], 0x1p-3 + 0x1p-8);
  }
}

TEST(Gemm, OfFp32CopiesAgreesWithItsReference) {
  for (DType stored : {DType::bf16, DType::f32})
    for (const auto [m, k, n] : sizes)
      for (bool flips : {false, true}) {
        const Vector a = random_values(m * k, 1), b = random_values(k * n, 2), add = random_values(n, 3);
        const Factor left(DType::bf16, m, k, a, flips), right(DType::bf16, k, n, b, !flips);
        const Array bias(DType::f32, {n}, add);
        Array c(stored, {m, n});
        widened_product(left.matrix, right.matrix, matrix(c), Write::overwrite, bias);
        const auto plus_bias = [m = m, k = k, n = n](const Vector& x, const Vector& y, const Vector& row) {
          return reference::linear(x, reference::transpose(y, k, n), row, m, k, n);
        };
        const Vector expected = plus_bias(a, b, add);
        const Vector total = plus_bias(magnitudes(a), magnitudes(b), magnitudes(add));
        expect_sums(c, expected, total, k + 1);
        if (stored == DType::bf16) continue;
        widened_product(left.matrix, right.matrix, matrix(c), Write::accumulate, no_tensor);
        expect_sums(c, reference::add(expected, reference::gemm(a, b, m, n, k)),
                    reference::add(total, reference::gemm(magnitudes(a), magnitudes(b), m, n, k)), 2 * k + 2);
      }
}

}  // namespace
}  // namespace heddle::kernels
