#include "heddle/kernels/dropout.hpp"

#include "mask.hpp"

namespace heddle::kernels {
namespace {

template <class T>
void run(const lanes::Lane& lane, std::int64_t count, const T* x, const Mask& mask, std::uint64_t begin,
         T* y) {
  each_block(
      lane, "dropout", count, element_block,
      KOKKOS_LAMBDA(const Team& team, std::int64_t first, std::int64_t n) {
        each_masked<T>(team, mask, begin + static_cast<std::uint64_t>(first), n,
                       [&](auto i, auto factor) { i.store(y + first, i.load(x + first) * factor); });
      });
}

}  // namespace

void dropout(const lanes::Lane& lane, const Tensor& x, const Dropout& dropout, const Tensor& y) {
  HEDDLE_EXPECT(x.count() == y.count());
  const Mask mask = mask_of(dropout.key, dropout.stream, dropout.rate);
  const auto begin = static_cast<std::uint64_t>(dropout.first_row * columns(x));
  with_real(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    run<T>(lane, x.count(), x.as<T>(), mask, begin, y.as<T>());
  });
}

}  // namespace heddle::kernels
