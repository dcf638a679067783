// The plain meaning of layer_norm.hpp.
#include <cmath>

#include "heddle/kernels/reference.hpp"

namespace heddle::kernels::reference {

LayerNorm layer_norm(const Vector& x, const Vector& weight, const Vector& bias, double epsilon) {
  const Int columns = static_cast<Int>(weight.size()), rows = static_cast<Int>(x.size()) / columns;
  LayerNorm result{x, Vector(rows, 0.0), Vector(rows, 0.0)};
  for (Int r = 0; r < rows; ++r) {
    double mean = 0, variance = 0;
    for (Int c = 0; c < columns; ++c) mean += x[r * columns + c] / columns;
    for (Int c = 0; c < columns; ++c) variance += std::pow(x[r * columns + c] - mean, 2) / columns;
    const double rstd = 1 / std::sqrt(variance + epsilon);
    for (Int c = 0; c < columns; ++c)
      result.y[r * columns + c] = (x[r * columns + c] - mean) * rstd * weight[c] + bias[c];
    result.mean[r] = mean;
    result.rstd[r] = rstd;
  }
  return result;
}

LayerNormGradient layer_norm_gradient(const Vector& dy, const Vector& x, const Vector& weight,
                                      const Vector& mean, const Vector& rstd) {
  const Int columns = static_cast<Int>(weight.size()), rows = static_cast<Int>(mean.size());
  LayerNormGradient result{x, Vector(columns, 0.0), Vector(columns, 0.0)};
  for (Int r = 0; r < rows; ++r) {
    const auto normal = [&](Int c) { return (x[r * columns + c] - mean[r]) * rstd[r]; };
    const auto slope = [&](Int c) { return dy[r * columns + c] * weight[c]; };
    double average = 0, along = 0;
    for (Int c = 0; c < columns; ++c) {
      average += slope(c) / columns;
      along += slope(c) * normal(c) / columns;
      result.dweight[c] += dy[r * columns + c] * normal(c);
      result.dbias[c] += dy[r * columns + c];
    }
    for (Int c = 0; c < columns; ++c)
      result.dx[r * columns + c] = rstd[r] * (slope(c) - average - normal(c) * along);
  }
  return result;
}

}  // namespace heddle::kernels::reference
