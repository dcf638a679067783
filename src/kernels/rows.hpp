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
using Compute = typename ComputeOf<T>::Type;

/// Bytes of memory that each team has for `Near`, and for `take_far`.
struct Scratch {
  std::int64_t near = 0, far = 0;
};
/// A GPU has so much near memory for a team: 48 KiB, of which Kokkos needs some itself. More lies in its main memory.
inline constexpr std::int64_t most_near = std::int64_t{46} << 10;
KOKKOS_INLINE_FUNCTION constexpr int near_level(std::int64_t bytes) {
  return on_host || bytes <= most_near ? scratch_level : far_level;
}

inline void reserve(Policy& policy, int level, std::int64_t bytes) {
  if (bytes > 0) policy.set_scratch_size(level, Kokkos::PerTeam(static_cast<int>(bytes)));
}

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

/// Kokkos takes far memory where it finds it, and moves what it has when a kernel wants more.
inline bool uses_far_memory(const Scratch& scratch) {
  return scratch.far > 0 || near_level(scratch.near) != scratch_level;
}

template <class F>
void launch_rows(const Space& space, const char* name, std::int64_t rows, const F& f, Scratch scratch,
                 int threads) {
  constexpr bool by_teams = std::is_invocable_v<const F&, const Team&, std::int64_t>;
  const std::int64_t teams = by_teams ? rows : (rows + threads - 1) / threads;
  Policy policy(space, static_cast<int>(teams), threads, vector_lanes);
  static_assert(is_argument<std::conditional_t<by_teams, RowOfATeam<F>, RowsOfWarps<F>>>());
  const bool all_far = near_level(scratch.near) == far_level;
  if (!all_far) reserve(policy, scratch_level, scratch.near);
  reserve(policy, far_level, scratch.far + (all_far ? scratch.near : 0));
  if constexpr (by_teams)
    Kokkos::parallel_for(name, policy, RowOfATeam<F>{f});
  else
    Kokkos::parallel_for(name, policy, RowsOfWarps<F>{f, rows});
}

/// f(team, r) or f(warp, r) for every row r in [0, rows), rows in parallel.
template <class F>
void each_row(const lanes::Lane& lane, const char* name, std::int64_t rows, const F& f, Scratch scratch = {},
              int threads = team_threads) {
  if (rows == 0) return;
  if (uses_far_memory(scratch)) lane.passes();
  lane.run([where = &space(lane), name, rows, f, scratch, threads] {
    launch_rows(*where, name, rows, f, scratch, threads);
  });
}

/// The threads of a team that takes rows of `width` elements: sixteen warps share a long one.
inline int threads_of_row(std::int64_t width) {
  return !host_threads && width >= 8192 ? 4 * team_threads : team_threads;
}

/// The next `count` numbers of the team's scratch, aligned to a cache line.
inline constexpr std::int64_t scratch_alignment = 64;
template <class T>
KOKKOS_INLINE_FUNCTION T* take(const Team& team, int level, std::int64_t count) {
  const auto bytes = static_cast<std::size_t>(count) * sizeof(T);
  return static_cast<T*>(team.team_scratch(level).get_shmem_aligned(bytes, scratch_alignment));
}
template <class T>
KOKKOS_INLINE_FUNCTION T* take_far(const Team& team, std::int64_t count) {
  return take<T>(team, far_level, count);
}
/// The `bytes` of Scratch::near that a kernel was launched with.
struct Near {
  const Team& team;
  std::int64_t bytes;

  template <class T>
  KOKKOS_INLINE_FUNCTION T* take(std::int64_t count) const {
    return kernels::take<T>(team, near_level(bytes), count);
  }
};

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
