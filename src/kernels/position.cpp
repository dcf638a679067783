#include "heddle/kernels/position.hpp"

#include "pack.hpp"

namespace heddle::kernels {
namespace {

template <class T>
void forward(const lanes::Lane& lane, const Tensor& x, const Tensor& table, std::int64_t first_row,
             std::int64_t sequence, const Tensor& y) {
  const std::int64_t width = columns(x);
  const T* in = x.as<T>();
  const Compute<T>* positions = table.as<Compute<T>>();
  T* out = y.as<T>();
  each_row(
      lane, "add_position", x.shape[0], KOKKOS_LAMBDA(const Warp& warp, std::int64_t r) {
        const Compute<T>* position = positions + (first_row + r) % sequence * width;
        const T* from = in + r * width;
        T* to = out + r * width;
        each_place<T>(warp, width, [&](auto c) { c.store(to, c.load(from) + c.load(position)); });
      });
}

template <class T>
void backward(const lanes::Lane& lane, const Tensor& dy, std::int64_t first_row, std::int64_t sequence,
              const Tensor& dtable, bool adds) {
  const std::int64_t rows = dy.shape[0], width = columns(dy);
  const T* in = dy.as<T>();
  Compute<T>* out = dtable.as<Compute<T>>();
  each_row(
      lane, "position_gradient", dtable.shape[0], KOKKOS_LAMBDA(const Warp& warp, std::int64_t t) {
        Compute<T>* to = out + t * width;
        if (!adds) each_place<T>(warp, width, [&](auto c) { c.store(to, Compute<T>(0)); });
        if (t >= sequence) return;
        for (std::int64_t r = (t + sequence - first_row % sequence) % sequence; r < rows; r += sequence) {
          const T* from = in + r * width;
          each_place<T>(warp, width, [&](auto c) { c.store(to, c.load(to) + c.load(from)); });
        }
      });
}

}  // namespace

void add_position(const lanes::Lane& lane, const Tensor& x, const Tensor& table, std::int64_t first_row,
                  std::int64_t sequence, const Tensor& y) {
  HEDDLE_EXPECT(columns(x) == columns(table) && x.count() == y.count() && sequence <= table.shape[0]);
  with_real(x.dtype, [&](auto zero) { forward<decltype(zero)>(lane, x, table, first_row, sequence, y); });
}

void position_gradient(const lanes::Lane& lane, const Tensor& dy, std::int64_t first_row,
                       std::int64_t sequence, const Tensor& dtable, Write write) {
  HEDDLE_EXPECT(columns(dy) == columns(dtable) && sequence <= dtable.shape[0]);
  with_real(dy.dtype, [&](auto zero) {
    backward<decltype(zero)>(lane, dy, first_row, sequence, dtable, write == Write::accumulate);
  });
}

}  // namespace heddle::kernels
