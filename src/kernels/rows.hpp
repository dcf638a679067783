// The loops of all kernels, one source for host and device: rows in parallel, a row's elements vectorised.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "heddle/base/tensor.hpp"
#include "space.hpp"

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

/// f(i) for every i in [0, n), shared by the team. The f(i) must not depend on each other.
template <class F>
KOKKOS_INLINE_FUNCTION void each(const Team& team, std::int64_t n, const F& f) {
  if constexpr (on_host) {
#pragma omp simd
    for (std::int64_t i = 0; i < n; ++i) f(i);
  } else {
    Kokkos::parallel_for(Kokkos::TeamVectorRange(team, n), f);
  }
}

/// As `each`, for an f(i) that is itself a loop worth vectorising.
template <class F>
KOKKOS_INLINE_FUNCTION void each_task(const Team& team, std::int64_t n, const F& f) {
  if constexpr (on_host)
    for (std::int64_t i = 0; i < n; ++i) f(i);
  else
    Kokkos::parallel_for(Kokkos::TeamVectorRange(team, n), f);
}

/// The sum of f(i) over i in [0, n), known to the whole team.
template <class T, class F>
KOKKOS_INLINE_FUNCTION T sum(const Team& team, std::int64_t n, const F& f) {
  T total = 0;
  if constexpr (on_host) {
#pragma omp simd reduction(+ : total)
    for (std::int64_t i = 0; i < n; ++i) total += f(i);
  } else {
    Kokkos::parallel_reduce(
        Kokkos::TeamVectorRange(team, n), [&](const std::int64_t i, T& partial) { partial += f(i); }, total);
  }
  return total;
}

/// The maximum of f(i) over i in [0, n), -infinity if n = 0, known to the whole team.
template <class T, class F>
KOKKOS_INLINE_FUNCTION T maximum(const Team& team, std::int64_t n, const F& f) {
  T total = -std::numeric_limits<T>::infinity();
  if constexpr (on_host) {
    constexpr int lanes = 16;  // one running maximum a lane: a single one would not be vectorised
    T best[lanes];
    for (int lane = 0; lane < lanes; ++lane) best[lane] = total;
    const std::int64_t whole = n / lanes * lanes;
    for (std::int64_t i = 0; i < whole; i += lanes)
      for (int lane = 0; lane < lanes; ++lane) best[lane] = std::max(best[lane], T(f(i + lane)));
    for (std::int64_t i = whole; i < n; ++i) best[0] = std::max(best[0], T(f(i)));
    for (int lane = 0; lane < lanes; ++lane) total = std::max(total, best[lane]);
  } else {
    Kokkos::parallel_reduce(
        Kokkos::TeamVectorRange(team, n),
        [&](const std::int64_t i, T& partial) { partial = f(i) > partial ? f(i) : partial; },
        Kokkos::Max<T>(total));
  }
  return total;
}

/// Does `f` once for the team.
template <class F>
KOKKOS_INLINE_FUNCTION void once(const Team& team, const F& f) {
  if constexpr (on_host)
    f();
  else
    Kokkos::single(Kokkos::PerTeam(team), f);
}

/// Bytes of memory that each team has for `take`, and for `take_far`.
struct Scratch {
  std::int64_t near = 0, far = 0;
};

inline void reserve(Policy& policy, int level, std::int64_t bytes) {
  if (bytes > 0) policy.set_scratch_size(level, Kokkos::PerTeam(static_cast<int>(bytes)));
}

template <class F>
void launch_rows(const Space& space, const char* name, std::int64_t rows, const F& f, Scratch scratch) {
  Policy policy(space, static_cast<int>(rows), team_threads, vector_lanes);
  if constexpr (scratch_level == far_level) {
    reserve(policy, far_level, scratch.near + scratch.far);
  } else {
    reserve(policy, scratch_level, scratch.near);
    reserve(policy, far_level, scratch.far);
  }
  Kokkos::parallel_for(
      name, policy,
      KOKKOS_LAMBDA(const Team& team) { f(team, static_cast<std::int64_t>(team.league_rank())); });
}

/// f(team, r) for every row r in [0, rows), rows in parallel.
template <class F>
void each_row(const lanes::Lane& lane, const char* name, std::int64_t rows, const F& f,
              Scratch scratch = {}) {
  if (rows == 0) return;
  lane.run([where = &space(lane), name, rows, f, scratch] { launch_rows(*where, name, rows, f, scratch); });
}

/// The next `count` numbers of the team's scratch, aligned to a cache line.
inline constexpr std::int64_t scratch_alignment = 64;
template <class T, int level = scratch_level>
KOKKOS_INLINE_FUNCTION T* take(const Team& team, std::int64_t count) {
  const auto bytes = static_cast<std::size_t>(count) * sizeof(T);
  return static_cast<T*>(team.team_scratch(level).get_shmem_aligned(bytes, scratch_alignment));
}
template <class T>
KOKKOS_INLINE_FUNCTION T* take_far(const Team& team, std::int64_t count) {
  return take<T, far_level>(team, count);
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
/// Columns that one team of a sum over rows takes, each with its own running sum: with a few neighbouring
/// cache lines a row, the processor sees the next ones coming.
inline constexpr std::int64_t column_block = on_host ? 256 : 64;

/// f(r, n) for groups of n rows from r on that cover [0, rows) in order; n is known at compile time, eight or
/// one. What runs over the columns of eight rows loads and stores its running sums an eighth as often.
template <class F>
KOKKOS_INLINE_FUNCTION void each_group_of_rows(std::int64_t rows, const F& f) {
  constexpr int group = 8;
  std::int64_t r = 0;
  for (; r + group <= rows; r += group) f(r, std::integral_constant<int, group>());
  for (; r < rows; ++r) f(r, std::integral_constant<int, 1>());
}

/// The data of a tensor that may be left out.
template <class T>
T* optional(const Tensor& tensor) {
  return tensor.data ? tensor.as<T>() : nullptr;
}

/// Columns of a tensor [R, C...].
inline std::int64_t columns(const Tensor& tensor) { return tensor.shape.count(1, tensor.shape.rank()); }

}  // namespace heddle::kernels
