#include "heddle/kernels/column_sum.hpp"

#include "pack.hpp"

namespace heddle::kernels {
namespace {

template <class T>
void run(const lanes::Lane& lane, std::int64_t rows, std::int64_t width, const T* dy, Compute<T>* db,
         Write write) {
  const bool adds = write == Write::accumulate;
  each_block(
      lane, "column_sum", width, column_block,
      KOKKOS_LAMBDA(const Team& team, std::int64_t first, std::int64_t n) {
        double total[column_block];
        each_pack<double>(team, n,
                          [&](auto c) { c.store(total, adds ? c.load(db + first) : Pack<double>(0)); });
        each_group_of_rows(rows, [&](std::int64_t r, auto group) {
          each_pack<double>(team, n, [&](auto c) {
            auto sum = c.load(total);
            for (int k = 0; k < group; ++k) sum += c.load(dy + (r + k) * width + first);
            c.store(total, sum);
          });
        });
        each_pack<double>(team, n, [&](auto c) { c.store(db + first, c.load(total)); });
      });
}

}  // namespace

void column_sum(const lanes::Lane& lane, const Tensor& dy, const Tensor& db, Write write) {
  HEDDLE_EXPECT(db.count() == columns(dy));
  with_real(dy.dtype, [&](auto zero) {
    using T = decltype(zero);
    run<T>(lane, dy.shape[0], columns(dy), dy.as<T>(), db.as<Compute<T>>(), write);
  });
}

}  // namespace heddle::kernels
