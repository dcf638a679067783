#include "heddle/kernels/fill_normal.hpp"

#include "normal.hpp"
#include "pack.hpp"
#include "place.hpp"

namespace heddle::kernels {
namespace {

template <class T>
void run(const lanes::Lane& lane, const Tensor& tensor, std::uint64_t key, double std, const Box& box) {
  const Shape shape = tensor.shape;
  const std::int64_t width = row_length(shape);
  T* y = tensor.as<T>();
  each_row(
      lane, "fill_normal", row_count(shape), KOKKOS_LAMBDA(const Team& team, std::int64_t r) {
        const auto first = static_cast<std::uint64_t>(global_index(shape, box, r));
        each_pack<double>(team, width, [&](auto c) {
          c.store(y + r * width, std * normal_pack(key, 0, first + static_cast<std::uint64_t>(c.i)));
        });
      });
}

}  // namespace

void fill_normal(const lanes::Lane& lane, const Tensor& y, std::uint64_t key, double std, const Box& box) {
  HEDDLE_EXPECT(box.global.rank() == y.shape.rank() && box.begin.rank() == y.shape.rank());
  with_real(y.dtype, [&](auto zero) { run<decltype(zero)>(lane, y, key, std, box); });
}

}  // namespace heddle::kernels
