#include "heddle/kernels/embedding.hpp"

#include "rows.hpp"

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
      lane, "embedding", y.shape[0], KOKKOS_LAMBDA(const Team& team, std::int64_t r) {
        const std::int64_t t = token[r] - first_token;
        T* row = to + r * width;
        if (t >= 0 && t < held) {
          const T* found = from + t * width;
          each(team, width, [&](std::int64_t c) { row[c] = found[c]; });
        } else {
          each(team, width, [&](std::int64_t c) { row[c] = 0; });
        }
      });
}

/// Parallel over columns, rows in order: two rows with one token never race.
template <class T>
void backward(const lanes::Lane& lane, const Tensor& dy, const Tensor& tokens, std::int64_t first_token,
              const Tensor& dtable, bool adds) {
  const std::int64_t rows = dy.shape[0], held = dtable.shape[0], width = columns(dtable);
  const T* from = dy.as<T>();
  const std::int32_t* token = tokens.as<std::int32_t>();
  Compute<T>* to = dtable.as<Compute<T>>();
  each_block(
      lane, "embedding_gradient", width, column_block,
      KOKKOS_LAMBDA(const Team& team, std::int64_t first, std::int64_t n) {
        for (std::int64_t t = 0; t < held && !adds; ++t)
          each(team, n, [&](std::int64_t c) { to[t * width + first + c] = 0; });
        for (std::int64_t r = 0; r < rows; ++r) {
          const std::int64_t t = token[r] - first_token;
          if (t < 0 || t >= held) continue;
          const T* row = from + r * width + first;
          Compute<T>* sum = to + t * width + first;
          each(team, n, [&](std::int64_t c) { sum[c] += row[c]; });
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
