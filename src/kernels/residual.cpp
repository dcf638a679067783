#include "heddle/kernels/residual.hpp"

#include "mask.hpp"

namespace heddle::kernels {
namespace {

template <class T>
void run(const lanes::Lane& lane, std::int64_t rows, std::int64_t width, const T* x, const T* branch,
         const Compute<T>* bias, const Mask& mask, std::int64_t first_row, T* y) {
  each_row(
      lane, "residual", rows, KOKKOS_LAMBDA(const Warp& warp, std::int64_t r) {
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
      });
}

}  // namespace

void residual(const lanes::Lane& lane, const Tensor& x, const Tensor& branch, const Tensor& bias,
              const Dropout& dropout, const Tensor& y) {
  HEDDLE_EXPECT(branch.count() == x.count() && y.count() == x.count());
  const Mask mask = mask_of(dropout.key, dropout.stream, dropout.rate);
  with_real(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    run<T>(lane, x.shape[0], columns(x), x.as<T>(), branch.as<T>(), optional<Compute<T>>(bias), mask,
           dropout.first_row, y.as<T>());
  });
}

}  // namespace heddle::kernels
