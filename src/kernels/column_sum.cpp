#include "heddle/kernels/column_sum.hpp"

#include "rows.hpp"

namespace heddle::kernels {
namespace {

template <class T>
void run(const Lane& lane, std::int64_t rows, std::int64_t width, const T* dy, T* db, Write write) {
  const bool adds = write == Write::accumulate;
  each_block(
      lane, "column_sum", width, column_block,
      KOKKOS_LAMBDA(const Team& team, std::int64_t first, std::int64_t n) {
        double total[column_block];
        each(team, n, [&](std::int64_t c) { total[c] = adds ? db[first + c] : 0; });
        for (std::int64_t r = 0; r < rows; ++r) {
          const T* row = dy + r * width + first;
          each(team, n, [&](std::int64_t c) { total[c] += row[c]; });
        }
        each(team, n, [&](std::int64_t c) { db[first + c] = static_cast<T>(total[c]); });
      });
}

}  // namespace

void column_sum(const Lane& lane, const Tensor& dy, const Tensor& db, Write write) {
  HEDDLE_EXPECT(db.count() == columns(dy));
  with_real(dy.dtype, [&](auto zero) {
    using T = decltype(zero);
    run<T>(lane, dy.shape[0], columns(dy), dy.as<T>(), db.as<T>(), write);
  });
}

}  // namespace heddle::kernels
