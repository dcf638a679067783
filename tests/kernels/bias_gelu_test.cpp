// GELU fused with its bias.
#include "heddle/kernels/bias_gelu.hpp"

#include "arrays.hpp"

namespace heddle::kernels {
namespace {

TEST(BiasGelu, AgreesWithItsReferenceOverTheWholeRange) {
  for (DType type : real_types)
    for (std::int64_t width : {1, 61, 256}) {
      const std::int64_t rows = 19;
      Vector x = random_values(rows * width, 1);
      for (std::size_t i = 0; i < x.size(); ++i)
        x[i] *= static_cast<double>(1 << i % 5);  // far into both tails
      const Vector bias = random_values(width, 2), dy = random_values(rows * width, 3);
      const Array xs(type, {rows, width}, x), b(compute_type(type), {width}, bias),
          dys(type, {rows, width}, dy);
      Array y(type, {rows, width}), dx(type, {rows, width});
      bias_gelu(lane(), xs, b, y);
      expect_close(y, reference::bias_gelu(x, bias));
      bias_gelu_gradient(lane(), dys, xs, b, dx);
      expect_close(dx, reference::bias_gelu_gradient(dy, x, bias));
    }
}

TEST(BiasGelu, WithoutABiasIsThatOfZeros) {
  for (DType type : real_types) {
    const std::int64_t rows = 7, width = 61;
    const Array x(type, {rows, width}, random_values(rows * width, 1)),
        dy(type, {rows, width}, random_values(rows * width, 2)),
        zeros(compute_type(type), {width}, Vector(width, 0.0));
    Array y(type, {rows, width}), of_zeros(type, {rows, width});
    bias_gelu(lane(), x, {}, y);
    bias_gelu(lane(), x, zeros, of_zeros);
    EXPECT_TRUE(y.same_bits(of_zeros));
    bias_gelu_gradient(lane(), dy, x, {}, y);
    bias_gelu_gradient(lane(), dy, x, zeros, of_zeros);
    EXPECT_TRUE(y.same_bits(of_zeros));
  }
}

TEST(BiasGelu, StaysFiniteFarOutAndKeepsNaN) {
  for (DType type : real_types) {
    const Vector x{-0x1p60, -0x1p13, 0x1p13, 0x1p60, std::nan("")};
    const Array xs(type, {1, 5}, x), bias(compute_type(type), {5}, Vector(5, 0.0)),
        dy(type, {1, 5}, Vector(5, 1.0));
    Array y(type, {1, 5}), dx(type, {1, 5});
    bias_gelu(lane(), xs, bias, y);
    bias_gelu_gradient(lane(), dy, xs, bias, dx);
    EXPECT_NEAR(y.values()[0], 0, 1e-10);
    EXPECT_NEAR(y.values()[1], 0, 1e-10);
    EXPECT_FLOAT_EQ(static_cast<float>(y.values()[2]), 0x1p13f);
    EXPECT_FLOAT_EQ(static_cast<float>(y.values()[3]), 0x1p60f);
    EXPECT_NEAR(dx.values()[1], 0, 1e-10);
    EXPECT_NEAR(dx.values()[2], 1, 1e-10);
    EXPECT_TRUE(std::isnan(y.values()[4]) && std::isnan(dx.values()[4]));
  }
}

TEST(BiasGelu, GradientIsOfSecondOrder) {
  const std::int64_t rows = 5, width = 23;
  const Vector x = random_values(rows * width, 1), bias = random_values(width, 2);
  const Vector dy = random_values(rows * width, 3);
  const Array b(DType::f64, {width}, bias);
  const auto f = [&](const Vector& at) {
    Array y(DType::f64, {rows, width});
    bias_gelu(lane(), Array(DType::f64, {rows, width}, at), b, y);
    return inner_product(y.values(), dy);
  };
  Array dx(DType::f64, {rows, width});
  bias_gelu_gradient(lane(), Array(DType::f64, {rows, width}, dy), Array(DType::f64, {rows, width}, x), b,
                     dx);
  EXPECT_NEAR(taylor_order(f, x, dx.values()), 2, 0.05);
}

}  // namespace
}  // namespace heddle::kernels
