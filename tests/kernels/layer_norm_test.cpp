// Layer normalization and its gradients.
#include "heddle/kernels/layer_norm.hpp"

#include "arrays.hpp"

namespace heddle::kernels {
namespace {

constexpr double epsilon = 1e-5;

struct Case {
  std::int64_t rows, width;
  Vector x, weight, bias, dy;
  Case(std::int64_t r, std::int64_t c)
      : rows(r),
        width(c),
        x(random_values(r * c, 1)),
        weight(random_values(c, 2)),
        bias(random_values(c, 3)),
        dy(random_values(r * c, 4)) {}
};

struct Result {
  Array y, mean, rstd, dx, dweight, dbias;
  Result(DType type, const Case& in)
      : y(type, {in.rows, in.width}),
        mean(compute_type(type), {in.rows}),
        rstd(compute_type(type), {in.rows}),
        dx(type, {in.rows, in.width}),
        dweight(compute_type(type), {in.width}),
        dbias(compute_type(type), {in.width}) {
    const Array x(type, {in.rows, in.width}, in.x), weight(compute_type(type), {in.width}, in.weight);
    const Array bias(compute_type(type), {in.width}, in.bias), dy(type, {in.rows, in.width}, in.dy);
    layer_norm(lane(), x, weight, bias, epsilon, y, mean, rstd);
    layer_norm_input_gradient(lane(), dy, x, weight, mean, rstd, dx);
    layer_norm_parameter_gradient(lane(), dy, x, mean, rstd, dweight, dbias, Write::overwrite);
  }
};

TEST(LayerNorm, AgreesWithItsReference) {
  for (DType type : real_types)
    for (const Case& in : {Case(1, 1), Case(5, 2), Case(37, 67), Case(9, 15), Case(4, 333), Case(3, 768)}) {
      const Result result(type, in);
      const auto expected = reference::layer_norm(in.x, in.weight, in.bias, epsilon);
      expect_close(result.y, expected.y);
      expect_close(result.mean, expected.mean);
      expect_close(result.rstd, expected.rstd);
      const auto gradient =
          reference::layer_norm_gradient(in.dy, in.x, in.weight, expected.mean, expected.rstd);
      expect_close(result.dx, gradient.dx, 64, *std::max_element(expected.rstd.begin(), expected.rstd.end()));
      expect_close(result.dweight, gradient.dweight, 64);
      expect_close(result.dbias, gradient.dbias, 64);
    }
}

TEST(LayerNorm, IsMadeAnewFromItsStatisticsToTheSameBits) {
  for (DType type : real_types) {
    const Case in(37, 67);
    const Result result(type, in);
    const Array x(type, {37, 67}, in.x), weight(compute_type(type), {67}, in.weight);
    const Array bias(compute_type(type), {67}, in.bias);
    Array y(type, {37, 67});
    layer_norm_apply(lane(), x, weight, bias, result.mean, result.rstd, y);
    EXPECT_TRUE(y.same_bits(result.y));
  }
}

TEST(LayerNorm, ParameterGradientsAddUp) {
  const Case in(11, 70);
  const Result result(DType::f64, in);
  const Vector before = random_values(70, 5), before_bias = random_values(70, 6);
  Array dweight(DType::f64, {70}, before), dbias(DType::f64, {70}, before_bias);
  layer_norm_parameter_gradient(lane(), Array(DType::f64, {11, 70}, in.dy), Array(DType::f64, {11, 70}, in.x),
                                result.mean, result.rstd, dweight, dbias, Write::accumulate);
  expect_close(dweight, reference::add(before, result.dweight.values()));
  expect_close(dbias, reference::add(before_bias, result.dbias.values()));
}

TEST(LayerNorm, InputGradientIsOfSecondOrder) {
  const Case in(7, 33);
  const auto f = [&](const Vector& x) {
    Case moved = in;
    moved.x = x;
    return inner_product(Result(DType::f64, moved).y.values(), in.dy);
  };
  EXPECT_NEAR(taylor_order(f, in.x, Result(DType::f64, in).dx.values()), 2, 0.05);
}

TEST(LayerNorm, ParameterGradientsAreAdjointToTheParameters) {  // y is affine in both
  const Case in(7, 33);
  const Result result(DType::f64, in);
  const double sum =
      inner_product(result.dweight.values(), in.weight) + inner_product(result.dbias.values(), in.bias);
  EXPECT_NEAR(inner_product(result.y.values(), in.dy), sum, 1e-11);
}

TEST(LayerNorm, GivesTheSameBitsTwice) {
  const Case in(37, 67);
  const Result first(DType::f32, in), second(DType::f32, in);
  EXPECT_TRUE(first.y.same_bits(second.y) && first.dx.same_bits(second.dx));
  EXPECT_TRUE(first.dweight.same_bits(second.dweight) && first.dbias.same_bits(second.dbias));
}

}  // namespace
}  // namespace heddle::kernels
