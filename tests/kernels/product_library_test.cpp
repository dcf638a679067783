// What is told of a product before it is computed, and every algorithm that a library names for it.
#include "heddle/kernels/product_library.hpp"

#include "heddle/kernels/linear.hpp"
#include "products.hpp"

namespace heddle::kernels {
namespace {

void* address(std::uintptr_t at) { return reinterpret_cast<void*>(at); }

TEST(ProductKey, TellsHowWellAllAddressesAreAligned) {
  const auto alignment = [](std::uintptr_t a, std::uintptr_t b, std::uintptr_t c, std::uintptr_t bias) {
    const auto at = [](std::uintptr_t data) { return Matrix{address(data), DType::bf16, 4, 4, 4}; };
    return key_of({at(a), at(b), at(c), {address(bias), DType::f32, {4}}}, Write::overwrite).alignment;
  };
  EXPECT_EQ(alignment(512, 1024, 256, 0), 64) << "no better than any memory of a lane is";
  EXPECT_EQ(alignment(512 + 64, 1024, 256, 0), 64);
  EXPECT_EQ(alignment(512 + 48, 1024, 256, 0), 16);
  EXPECT_EQ(alignment(512, 1024 + 2, 256, 0), 2);
  EXPECT_EQ(alignment(512, 1024, 256 + 8, 0), 8);
  EXPECT_EQ(alignment(512, 1024, 256, 128 + 4), 4);
}

TEST(ProductKey, IsOfTheMatricesThatALinearHandsToGemm) {
  const Tensor x{address(1024), DType::bf16, {5, 2, 3}}, w{address(2048), DType::bf16, {7, 2, 3}},
      bias{address(4096), DType::f32, {7}}, y{address(8192), DType::bf16, {5, 7}};
  const Product made = linear_product(x, w, bias, y);
  const ProductKey forward = key_of(made, Write::overwrite);
  EXPECT_EQ(forward, (ProductKey{.factors = DType::bf16,
                                 .result = DType::bf16,
                                 .flips_b = true,
                                 .has_bias = true,
                                 .rows = 5,
                                 .columns = 7,
                                 .inner = 6,
                                 .a_stride = 6,
                                 .b_stride = 6,
                                 .c_stride = 7,
                                 .alignment = 64}));
  const Tensor dw{address(4096), DType::f32, {7, 2, 3}};
  const Product grown = weight_gradient_product(y, x, dw);
  EXPECT_EQ(key_of(grown, Write::accumulate), (ProductKey{.factors = DType::bf16,
                                                          .result = DType::f32,
                                                          .flips_a = true,
                                                          .accumulates = true,
                                                          .rows = 7,
                                                          .columns = 6,
                                                          .inner = 5,
                                                          .a_stride = 7,
                                                          .b_stride = 6,
                                                          .c_stride = 6,
                                                          .alignment = 64}));
}

TEST(ProductLibrary, EveryAlgorithmThatItNamesRunsAndGivesTheProduct) {
  ProductLibrary* const library = product_library();
  if (!library) GTEST_SKIP() << "gemm of this build chooses by itself";
  const std::int64_t m = 192, k = 320, n = 128;
  const Vector a = random_values(m * k, 1), b = random_values(k * n, 2);
  const Vector expected = reference::gemm(a, b, m, n, k);
  const Vector total = reference::gemm(magnitudes(a), magnitudes(b), m, n, k);
  for (const DType type : real_types) {
    const Factor left(type, m, k, a, false), right(type, k, n, b, true);
    const Array once(type, {m, n}), again(type, {m, n});
    const ProductKey key = key_of({left.matrix, right.matrix, matrix(once)}, Write::overwrite);
    const auto algorithms = library->algorithms(key, 4);
    ASSERT_FALSE(algorithms.empty());
    const auto seconds = library->seconds(key, algorithms, 3);
    ASSERT_EQ(seconds.size(), algorithms.size());
    for (std::size_t i = 0; i < algorithms.size(); ++i) {
      EXPECT_TRUE(library->takes(key, algorithms[i]));
      EXPECT_EQ(seconds[i].size(), 3U);
      for (const double one : seconds[i]) EXPECT_GT(one, 0);
      library->choose(key, algorithms[i]);
      for (const Array* result : {&once, &again})
        gemm(lane(), left.matrix, right.matrix, matrix(*result), Write::overwrite);
      expect_sums(once, expected, total, k);
      EXPECT_TRUE(once.same_bits(again)) << "it adds up in one order";
    }
    library->choose(key, algorithms.front());
  }
}

/// The sum of k products is rounded to bf16, or is not, before it is multiplied by the slope. A library may take tanh by the instruction, whose
/// error is up to 2^-11 (PTX manual), of which the slope has at most twice as much within [-1, 1].
void expect_gelu_gradient(const Array& result, const Vector& sums, const Vector& total, const Vector& slope,
                          std::int64_t k) {
  const double summed = static_cast<double>(k) * 0x1p-24 / (1 - static_cast<double>(k) * 0x1p-24);
  const Vector values = result.values();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double of_sum = summed * total[i] + bfloat16_rounding * (std::abs(sums[i]) + summed * total[i]);
    const double error = of_sum * std::abs(slope[i]) + 2 * 0x1p-11 * (std::abs(sums[i]) + of_sum);
    const double wanted = sums[i] * slope[i];
    ASSERT_NEAR(values[i], wanted, error + bfloat16_rounding * (std::abs(wanted) + error)) << "element " << i;
  }
}

/// The first is the plain product with the slope by a kernel behind it, and the only one where rows are no multiple of eight numbers apart.
TEST(ProductLibrary, EveryWayToMultiplyByGelusSlopeGivesTheSame) {
  ProductLibrary* const library = product_library();
  if (!library) GTEST_SKIP() << "gemm of this build chooses by itself";
  const std::int64_t m = 192, k = 320;
  for (const std::int64_t n : {128, 129}) {
    const Vector a = random_values(m * k, 1), b = random_values(k * n, 2), z = random_values(m * n, 3);
    const Vector sums = reference::gemm(a, b, m, n, k);
    const Vector total = reference::gemm(magnitudes(a), magnitudes(b), m, n, k);
    const Vector slope = reference::bias_gelu_gradient(Vector(z.size(), 1.0), z, {0.0});
    const Array left(DType::bf16, {m, k}, a), right(DType::bf16, {k, n}, b), at(DType::bf16, {m, n}, z),
        result(DType::bf16, {m, n});
    const Product product{.a = matrix(left), .b = matrix(right), .c = matrix(result), .gelu_of = at};
    const ProductKey key = key_of(product, Write::overwrite);
    const auto algorithms = library->algorithms(key, 4);
    ASSERT_FALSE(algorithms.empty());
    EXPECT_EQ(algorithms.front(), ProductAlgorithm{});
    EXPECT_EQ(algorithms.size() > 1, n == 128);
    EXPECT_LE(algorithms.size(), 4U);
    for (const auto& seconds : library->seconds(key, algorithms, 3)) EXPECT_EQ(seconds.size(), 3U);
    for (const ProductAlgorithm& algorithm : algorithms) {
      library->choose(key, algorithm);
      gemm(lane(), product, Write::overwrite);
      expect_gelu_gradient(result, sums, total, slope, k);
    }
    library->choose(key, algorithms.front());
  }
}

}  // namespace
}  // namespace heddle::kernels
