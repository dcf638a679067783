// The loops of all kernels, one source for host and device: rows in parallel.
#pragma once

#include <cstdint>
#include <type_traits>

#include "heddle/base/tensor.hpp"
#include "space.hpp"
#include "workers.hpp"

namespace heddle::kernels {

/// What numbers that are stored as T are computed in. Statistics, gradients that are sums and parameters that
/// are added or multiplied to streams are stored in it, too; what else streams through a kernel is of type T
/// and converted on its way (Place, pack.hpp).
template <class T>
struct ComputeOf {
  using Type = T;
};
template <>
struct ComputeOf<BFloat16> {
  using Type = float;
};
template <class T>
using Compute = ComputeOf<T>::Type;

/// A team a row.
template <class F>
struct RowOfATeam {
  F f;
  KOKKOS_INLINE_FUNCTION void operator()(const Team& team) const {
    f(team, static_cast<std::int64_t>(team.league_rank()));
  }
};
/// A warp a row: as many neighbours a team as it has warps.
template <class F>
struct RowsOfWarps {
  F f;
  std::int64_t rows;
  KOKKOS_INLINE_FUNCTION void operator()(const Team& team) const {
    const std::int64_t r =
        static_cast<std::int64_t>(team.league_rank()) * team.team_size() + team.team_rank();
    if (r < rows) f(TeamWarp{team}, r);
  }
};

/// What a team takes of its scratch is aligned to a cache line. Kokkos' own begins where it happens to, which each thread's team sees
/// elsewhere: so much of it may be passed over.
inline constexpr std::int64_t scratch_alignment = 64;

template <class F>
void launch_rows(const Space& space, const char* name, std::int64_t rows, const F& f, std::int64_t scratch,
                 int threads) {
  constexpr bool by_teams = std::is_invocable_v<const F&, const Team&, std::int64_t>;
  const std::int64_t teams = by_teams ? rows : (rows + threads - 1) / threads;
  Policy policy(space, static_cast<int>(teams), threads, vector_lanes);
  static_assert(is_argument<std::conditional_t<by_teams, RowOfATeam<F>, RowsOfWarps<F>>>());
  if (scratch > 0)
    policy.set_scratch_size(scratch_level, Kokkos::PerTeam(static_cast<int>(scratch + scratch_alignment)));
  if constexpr (by_teams)
    Kokkos::parallel_for(name, policy, RowOfATeam<F>{f});
  else
    Kokkos::parallel_for(name, policy, RowsOfWarps<F>{f, rows});
}

/// f(team, r) or f(warp, r) for every row r in [0, rows), rows in parallel. A team has `scratch` bytes for `take`.
template <class F>
void each_row(const lanes::Lane& lane, const char* name, std::int64_t rows, const F& f,
              std::int64_t scratch = 0, int threads = team_threads) {
  if (rows == 0) return;
  lane.run([where = &space(lane), name, rows, f, scratch, threads] {
    launch_rows(*where, name, rows, f, scratch, threads);
  });
}

/// The threads of a team that takes rows of `width` elements: sixteen warps share a long one.
inline int threads_of_row(std::int64_t width) {
  return !host_threads && width >= 8192 ? 4 * team_threads : team_threads;
}

/// The next `count` numbers of the team's scratch.
template <class T>
KOKKOS_INLINE_FUNCTION T* take(const Team& team, std::int64_t count) {
  const auto bytes = static_cast<std::size_t>(count) * sizeof(T);
  const int level = scratch_level;  // by reference device code sees no constant of the namespace
  return static_cast<T*>(team.team_scratch(level).get_shmem_aligned(bytes, scratch_alignment));
}

/// f(team, first, n) for blocks [first, first + n) of at most `width` that cover [0, count),
/// blocks in parallel.
template <class F>
void each_block(const lanes::Lane& lane, const char* name, std::int64_t count, std::int64_t width,
                const F& f) {
  each_row(
      lane, name, (count + width - 1) / width, KOKKOS_LAMBDA(const Team& team, std::int64_t block) {
        const std::int64_t first = block * width;
        f(team, first, count - first < width ? count - first : width);
      });
}

/// Elements that one team of an element-wise kernel takes: many enough to hide the cost of starting it.
inline constexpr std::int64_t element_block = 4096;

/// The data of a tensor that may be left out.
template <class T>
T* optional(const Tensor& tensor) {
  return tensor.data ? tensor.as<T>() : nullptr;
}

/// Columns of a tensor [R, C...].
inline std::int64_t columns(const Tensor& tensor) { return tensor.shape.count(1, tensor.shape.rank()); }

}  // namespace heddle::kernels
