// Sums over the rows of tensors, column by column: what gradients of parameters are. They are added up in one order,
// whoever runs them. On the host a team takes some columns and adds up all rows in double. A device has too few columns
// to be busy with, so there a sum has two stages: teams add up groups of rows, in what the rows are computed in, and then
// the groups' sums are added up in double.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <type_traits>

#include "heddle/base/device_rooms.hpp"
#include "heddle/kernels/write.hpp"
#include "pack.hpp"

namespace heddle::kernels {

/// Memory of a device for the sums of groups, device_rooms::group_sums bytes, as long as the Runtime lives; kernels of one lane
/// use it in turn.
void* group_sums_room();

/// Columns that one team of the host takes, each with its own running sum: with a few neighbouring cache lines a row,
/// the processor sees the next ones coming.
template <std::size_t sums>
inline constexpr std::int64_t host_columns = sums == 1 ? 256 : 64;

/// f(r, n) for groups of n rows from r on that cover [first, last) in order; n is known at compile time, `most` or one.
template <int most, class F>
KOKKOS_INLINE_FUNCTION void each_group_of_rows(std::int64_t first, std::int64_t last, const F& f) {
  std::int64_t r = first;
  for (; r + most <= last; r += most) f(r, std::integral_constant<int, most>());
  for (; r < last; ++r) f(r, std::integral_constant<int, 1>());
}

/// Rows of T whose sums are wanted, and how a device's stages share them.
template <class T, std::size_t sums>
struct RowGroups {
  /// At least so many rows a group, and at most so many groups and so many teams.
  static constexpr std::int64_t least_rows = 8, most_groups = 512, most_teams = 1024;
  static constexpr std::int64_t team_columns = team_threads * vector_lanes * vector_width<T>;
  static_assert(most_teams * team_columns * sums * sizeof(Compute<T>) <= device_rooms::group_sums);

  RowGroups(std::int64_t all_rows, std::int64_t columns)
      : rows(all_rows), width(columns), blocks((columns + team_columns - 1) / team_columns) {
    const std::int64_t most = std::clamp<std::int64_t>(most_teams / blocks, 1, most_groups);
    group_rows = std::max(least_rows, (rows + most - 1) / most);
    groups = (rows + group_rows - 1) / group_rows;
    HEDDLE_EXPECT(groups * width * sums * sizeof(Compute<T>) <= device_rooms::group_sums);
  }

  std::int64_t rows, width, blocks, group_rows, groups;
};

/// Adds up rows [first, last) at one place of them. Loads of a few rows are under way before the first is needed.
template <std::size_t sums, class C, class At, class Terms>
KOKKOS_FORCEINLINE_FUNCTION void add_rows(At at, std::int64_t first, std::int64_t last, const Terms& terms,
                                          C* to, std::int64_t width) {
  using Several = decltype(terms(first, 0)(at));
  Several total;
  for (std::size_t s = 0; s < sums; ++s) total[s] = C(0);
  each_group_of_rows<4>(first, last, [&](std::int64_t r, auto group) {
    Several term[group];
    for (int k = 0; k < group; ++k) term[k] = terms(r + k, 0)(at);
    for (int k = 0; k < group; ++k)
      for (std::size_t s = 0; s < sums; ++s) total[s] += term[k][s];
  });
  for (std::size_t s = 0; s < sums; ++s) at.store(to + static_cast<std::int64_t>(s) * width, total[s]);
}

/// A device's first stage: to [groups, sums, width].
template <class T, class Terms, std::size_t sums>
void sum_groups(const lanes::Lane& lane, const char* name, const RowGroups<T, sums>& by, const Terms& terms,
                bool aligned, Compute<T>* to) {
  using C = Compute<T>;
  each_row(
      lane, name, by.groups * by.blocks, KOKKOS_LAMBDA(const Team& team, std::int64_t task) {
        constexpr int n = vector_width<T>;
        constexpr std::int64_t columns = RowGroups<T, sums>::team_columns;
        const std::int64_t group = task / by.blocks, left = task % by.blocks * columns;
        const std::int64_t here = by.width - left < columns ? by.width - left : columns;
        const std::int64_t first = group * by.group_rows, end = first + by.group_rows;
        const std::int64_t last = end < by.rows ? end : by.rows;
        C* sum = to + group * static_cast<std::int64_t>(sums) * by.width;
        each_task(team, (here + n - 1) / n, [&](std::int64_t i) {
          const std::int64_t column = left + i * n, rest = by.width - column;
          if (aligned)
            add_rows<sums>(AlignedPlace<C, n>{column}, first, last, terms, sum, by.width);
          else
            add_rows<sums>(LastVectorPlace<C, n>{column, rest < n ? static_cast<int>(rest) : n}, first, last,
                           terms, sum, by.width);
        });
      });
}

/// A device's second stage.
template <class C, std::size_t sums>
void add_groups(const lanes::Lane& lane, const char* name, std::int64_t groups, std::int64_t width,
                const C* from, const std::array<C*, sums>& to, bool adds) {
  each_row(
      lane, name, width, KOKKOS_LAMBDA(const Warp& warp, std::int64_t c) {
        for (std::size_t s = 0; s < sums; ++s) {
          const C* column = from + static_cast<std::int64_t>(s) * width + c;
          const double total = sum<double>(warp, groups, [&](std::int64_t group) {
            return double(column[group * static_cast<std::int64_t>(sums) * width]);
          });
          once(warp, [&] { to[s][c] = static_cast<C>((adds ? double(to[s][c]) : 0.0) + total); });
        }
      });
}

/// total[s][c] grows by the terms of all rows, n columns from `first` on. Terms that are no more than elements are loaded
/// in packs of double, those of eight rows for each time that a sum is loaded and stored; others are computed in C.
template <class C, class Terms, std::size_t sums, std::int64_t block>
KOKKOS_INLINE_FUNCTION void add_all_rows(const Team& team, std::int64_t rows, std::int64_t first,
                                         std::int64_t n, const Terms& terms, double (&total)[sums][block]) {
  if constexpr (Terms::AreElements::value)
    each_group_of_rows<8>(0, rows, [&](std::int64_t r, auto group) {
      each_pack<double>(team, n, [&](auto c) {
        for (std::size_t s = 0; s < sums; ++s) {
          auto sum = c.load(total[s]);
          for (int k = 0; k < group; ++k) sum += terms(r + k, first)(c)[s];
          c.store(total[s], sum);
        }
      });
    });
  else
    for (std::int64_t r = 0; r < rows; ++r) {
      const auto row = terms(r, first);
      each(team, n, [&](std::int64_t c) {
        const auto term = row(OnePlace<C>{c});
        for (std::size_t s = 0; s < sums; ++s) total[s][c] += term[s];
      });
    }
}

/// The host's way.
template <class C, class Terms, std::size_t sums>
void sum_columns(const lanes::Lane& lane, const char* name, std::int64_t rows, std::int64_t width,
                 const Terms& terms, const std::array<C*, sums>& to, bool adds) {
  constexpr std::int64_t block = host_columns<sums>;
  each_block(
      lane, name, width, block, KOKKOS_LAMBDA(const Team& team, std::int64_t first, std::int64_t n) {
        double total[sums][block];
        for (std::size_t s = 0; s < sums; ++s)
          each_pack<double>(
              team, n, [&](auto c) { c.store(total[s], adds ? c.load(to[s] + first) : Pack<double>(0)); });
        add_all_rows<C>(team, rows, first, n, terms, total);
        for (std::size_t s = 0; s < sums; ++s)
          each_pack<double>(team, n, [&](auto c) { c.store(to[s] + first, c.load(total[s])); });
      });
}

/// to[s][c] becomes, or grows by, the sum over rows r in [0, rows) of terms(r, 0)(place)[s] at the place of column c; what
/// is 0 here is the column that places count from. `terms` loads from rows of `width` numbers of T that begin at the
/// `matrices`, one behind the other. Terms::AreElements: they are what one matrix holds, and no more.
template <class T, class Terms, std::size_t sums>
void sum_rows(const lanes::Lane& lane, const char* name, std::int64_t rows, std::int64_t width,
              std::initializer_list<const T*> matrices, const Terms& terms,
              const std::array<Compute<T>*, sums>& to, Write write) {
  const bool adds = write == Write::accumulate;
  if constexpr (on_host) {
    sum_columns(lane, name, rows, width, terms, to, adds);
  } else if (width > 0) {
    bool aligned = width % vector_width<T> == 0;
    for (const T* matrix : matrices) aligned = aligned && is_aligned(matrix, widest_piece);
    const RowGroups<T, sums> by(rows, width);
    Compute<T>* room = static_cast<Compute<T>*>(group_sums_room());
    sum_groups(lane, name, by, terms, aligned, room);
    add_groups(lane, name, by.groups, width, room, to, adds);
  }
}

}  // namespace heddle::kernels
