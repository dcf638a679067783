// A row of residual.hpp.
#pragma once

#include "heddle/kernels/residual.hpp"
#include "mask.hpp"

namespace heddle::kernels {

template <class T>
struct ResidualRow {
  const T *x, *branch;
  const Compute<T>* bias;  ///< or null
  Mask mask;
  std::int64_t width, first_row;
  T* y;

  KOKKOS_INLINE_FUNCTION void operator()(const Warp& warp, std::int64_t r) const {
    const T *trunk = x + r * width, *from = branch + r * width;
    T* to = y + r * width;
    const auto first = static_cast<std::uint64_t>((first_row + r) * width);
    if (bias)
      each_masked<T>(warp, mask, first, width, [&](auto c, auto factor) {
        c.store(to, c.load(trunk) + (c.load(from) + c.load(bias)) * factor);
      });
    else
      each_masked<T>(warp, mask, first, width,
                     [&](auto c, auto factor) { c.store(to, c.load(trunk) + c.load(from) * factor); });
  }
};

template <class T>
ResidualRow<T> residual_row(const Tensor& x, const Tensor& branch, const Tensor& bias, const Dropout& dropout,
                            const Tensor& y) {
  HEDDLE_EXPECT(branch.count() == x.count() && y.count() == x.count());
  return {x.as<T>(),
          branch.as<T>(),
          optional<Compute<T>>(bias),
          mask_of(dropout.key, dropout.stream, dropout.rate),
          columns(x),
          dropout.first_row,
          y.as<T>()};
}

}  // namespace heddle::kernels
