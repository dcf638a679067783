// The Taylor test of gradients: |f(x + h v) - f(x) - h <g, v>| falls with the second power of h if, and
// only if, g is the gradient of f at x; with the first power if it is not.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "heddle/base/random.hpp"

namespace heddle::testing {

/// Standard normal numbers.
inline std::vector<double> random_vector(std::int64_t count, std::uint64_t seed) {
  std::vector<double> values(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i)
    values[static_cast<std::size_t>(i)] =
        normal_at(random_key("test", seed), 0, static_cast<std::uint64_t>(i));
  return values;
}

inline double inner_product(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

/// The measured order of the remainder in a random direction, about 2 for the true gradient of a function
/// that is not affine. `f` maps a vector like `x` to a number, in fp64.
template <class F>
double taylor_order(const F& f, const std::vector<double>& x, const std::vector<double>& gradient,
                    double h = 1e-3) {
  const std::vector<double> direction = random_vector(static_cast<std::int64_t>(x.size()), 4711);
  const double value = f(x), slope = inner_product(gradient, direction);
  const auto remainder = [&](double step) {
    std::vector<double> moved = x;
    for (std::size_t i = 0; i < x.size(); ++i) moved[i] += step * direction[i];
    return std::abs(f(moved) - value - step * slope);
  };
  return std::log2(remainder(h) / remainder(h / 2));
}

}  // namespace heddle::testing
