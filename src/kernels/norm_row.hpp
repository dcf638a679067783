// A row of layer_norm.hpp.
#pragma once

#include <cmath>

#include "heddle/kernels/layer_norm.hpp"
#include "pack.hpp"

namespace heddle::kernels {

struct NormSizes {
  std::int64_t rows, width;
};

inline NormSizes norm_sizes(const Tensor& x, const Tensor& weight, const Tensor& mean, const Tensor& rstd) {
  HEDDLE_EXPECT(weight.count() == columns(x) && mean.count() == x.shape[0] && rstd.count() == x.shape[0]);
  return {x.shape[0], columns(x)};
}

template <class T>
KOKKOS_INLINE_FUNCTION void normalize(const Warp& warp, std::int64_t width, const T* x, Compute<T> mean,
                                      Compute<T> rstd, const Compute<T>* weight, const Compute<T>* bias,
                                      T* y) {
  each_pack<T>(warp, width,
               [&](auto c) { c.store(y, (c.load(x) - mean) * rstd * c.load(weight) + c.load(bias)); });
}

template <class T>
struct NormRow {
  const T* x;
  const Compute<T>*weight, *bias;
  Compute<T> epsilon;
  std::int64_t width;
  T* y;
  Compute<T>*mean, *rstd;

  KOKKOS_INLINE_FUNCTION void operator()(const Warp& warp, std::int64_t r) const {
    using C = Compute<T>;
    const T* from = x + r * width;
    const C center = sum_packs<T>(warp, width, [&](auto c) { return c.load(from); }) / static_cast<C>(width);
    const C squares = sum_packs<T>(warp, width, [&](auto c) {
      const auto distance = c.load(from) - center;
      return distance * distance;
    });
    const C inverse = 1 / std::sqrt(squares / static_cast<C>(width) + epsilon);
    normalize(warp, width, from, center, inverse, weight, bias, y + r * width);
    once(warp, [&] {
      mean[r] = center;
      rstd[r] = inverse;
    });
  }
};

template <class T>
NormRow<T> norm_row(const Tensor& x, const Tensor& weight, const Tensor& bias, double epsilon,
                    const Tensor& y, const Tensor& mean, const Tensor& rstd) {
  using C = Compute<T>;
  return {x.as<T>(),
          weight.as<C>(),
          bias.as<C>(),
          static_cast<C>(epsilon),
          norm_sizes(x, weight, mean, rstd).width,
          y.as<T>(),
          mean.as<C>(),
          rstd.as<C>()};
}

}  // namespace heddle::kernels
