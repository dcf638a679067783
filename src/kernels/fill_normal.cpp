#include "heddle/kernels/fill_normal.hpp"

#include "normal.hpp"
#include "pack.hpp"

namespace heddle::kernels {
namespace {

/// Flat index in the whole tensor of the first element of row `row`, a row being the last dim.
KOKKOS_INLINE_FUNCTION std::int64_t global_index(const Shape& local, const Box& box, std::int64_t row) {
  std::int64_t index = 0, stride = 1;
  for (int dim = local.rank() - 1; dim >= 0; --dim) {
    const bool last = dim == local.rank() - 1;
    index += (box.begin[dim] + (last ? 0 : row % local[dim])) * stride;
    if (!last) row /= local[dim];
    stride *= box.global[dim];
  }
  return index;
}

template <class T>
void run(const lanes::Lane& lane, const Tensor& tensor, std::uint64_t key, double std, const Box& box) {
  const Shape shape = tensor.shape;
  const std::int64_t width = shape.rank() == 0 ? 1 : shape[shape.rank() - 1];
  T* y = tensor.as<T>();
  each_row(
      lane, "fill_normal", width == 0 ? 0 : shape.count() / width,
      KOKKOS_LAMBDA(const Team& team, std::int64_t r) {
        const auto first = static_cast<std::uint64_t>(global_index(shape, box, r));
        each_pack<double>(team, width, [&](auto c) {
          c.store(y + r * width, std * normal_pack(key, 0, first + static_cast<std::uint64_t>(c.i)));
        });
      });
}

}  // namespace

void fill_normal(const lanes::Lane& lane, const Tensor& y, std::uint64_t key, double std, const Box& box) {
  HEDDLE_EXPECT(box.global.rank() == y.shape.rank() && box.begin.rank() == y.shape.rank());
  with_compute(y.dtype, [&](auto zero) { run<decltype(zero)>(lane, y, key, std, box); });
}

}  // namespace heddle::kernels
