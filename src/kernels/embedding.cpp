#include "heddle/kernels/embedding.hpp"

#include "pack.hpp"

namespace heddle::kernels {
namespace {

template <class T>
void forward(const lanes::Lane& lane, const Tensor& table, const Tensor& tokens, std::int64_t first_token,
             const Tensor& y) {
  const std::int64_t held = table.shape[0], width = columns(table);
  const T* from = table.as<T>();
  const std::int32_t* token = tokens.as<std::int32_t>();
  T* to = y.as<T>();
  each_row(
      lane, "embedding", y.shape[0], KOKKOS_LAMBDA(const Warp& warp, std::int64_t r) {
        const std::int64_t t = token[r] - first_token;
        T* row = to + r * width;
        if (t >= 0 && t < held) {
          const T* found = from + t * width;
          each_place<T, T>(warp, width, [&](auto c) { c.store(row, c.load(found)); });
        } else {
          each_place<T, T>(warp, width, [&](auto c) { c.store(row, T(0)); });
        }
      });
}

/// Columns, and tokens, that a team takes. The host's threads are few, and its teams go over all rows for each range.
constexpr std::int64_t column_block = on_host ? 256 : 1024;
constexpr std::int64_t token_range(std::int64_t held) { return on_host ? held : 64; }

/// Parallel over columns and tokens, rows in order: two rows with one token never race.
template <class T>
void backward(const lanes::Lane& lane, const Tensor& dy, const Tensor& tokens, std::int64_t first_token,
              const Tensor& dtable, bool adds) {
  const std::int64_t rows = dy.shape[0], held = dtable.shape[0], width = columns(dtable);
  if (held == 0) return;
  const std::int64_t range = token_range(held), ranges = (held + range - 1) / range;
  const T* from = dy.as<T>();
  const std::int32_t* token = tokens.as<std::int32_t>();
  Compute<T>* to = dtable.as<Compute<T>>();
  each_row(
      lane, "embedding_gradient", (width + column_block - 1) / column_block * ranges,
      KOKKOS_LAMBDA(const Team& team, std::int64_t task) {
        const std::int64_t first = task / ranges * column_block, begin = task % ranges * range;
        const std::int64_t n = width - first < column_block ? width - first : column_block;
        const std::int64_t here = held - begin < range ? held - begin : range;
        Compute<T>* sums = to + begin * width + first;
        for (std::int64_t t = 0; t < here && !adds; ++t)
          each_place<T>(team, n, [&](auto c) { c.store(sums + t * width, Compute<T>(0)); });
        for (std::int64_t r = 0; r < rows; ++r) {
          const std::int64_t t = token[r] - first_token - begin;
          if (t < 0 || t >= here) continue;
          const T* row = from + r * width + first;
          Compute<T>* sum = sums + t * width;
          each_place<T>(team, n, [&](auto c) { c.store(sum, c.load(sum) + c.load(row)); });
        }
      });
}

}  // namespace

void embedding(const lanes::Lane& lane, const Tensor& table, const Tensor& tokens, std::int64_t first_token,
               const Tensor& y) {
  HEDDLE_EXPECT(tokens.count() == y.shape[0] && columns(table) == columns(y));
  with_real(y.dtype, [&](auto zero) { forward<decltype(zero)>(lane, table, tokens, first_token, y); });
}

void embedding_gradient(const lanes::Lane& lane, const Tensor& dy, const Tensor& tokens,
                        std::int64_t first_token, const Tensor& dtable, Write write) {
  HEDDLE_EXPECT(tokens.count() == dy.shape[0] && columns(dtable) == columns(dy));
  with_real(dy.dtype, [&](auto zero) {
    backward<decltype(zero)>(lane, dy, tokens, first_token, dtable, write == Write::accumulate);
  });
}

}  // namespace heddle::kernels
