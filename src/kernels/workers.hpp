// Who works on a row, and the loops that they share: a row's elements vectorised.
#pragma once

#include <cstdint>
#include <type_traits>

#include "kokkos_compat.hpp"

namespace heddle::kernels {

/// One thread of a team and its vector lanes.
struct TeamWarp {
  const Team& team;
};
/// Who takes a row whose sums want no barriers, nor scratch: on a device a warp, which has few of them and many
/// neighbours with rows of their own. A kernel's body says who takes its rows by the type of its first parameter.
using Warp = std::conditional_t<on_host, Team, TeamWarp>;

KOKKOS_FORCEINLINE_FUNCTION auto lanes_over(const Team& team, std::int64_t n) {
  return Kokkos::TeamVectorRange(team, n);
}
KOKKOS_FORCEINLINE_FUNCTION auto lanes_over(const TeamWarp& warp, std::int64_t n) {
  return Kokkos::ThreadVectorRange(warp.team, n);
}
KOKKOS_FORCEINLINE_FUNCTION auto one_of(const Team& team) { return Kokkos::PerTeam(team); }
KOKKOS_FORCEINLINE_FUNCTION auto one_of(const TeamWarp& warp) { return Kokkos::PerThread(warp.team); }
/// Kokkos leaves what it reduced a team in memory that its next reduction writes to.
KOKKOS_FORCEINLINE_FUNCTION void have_read(const Team& team) { team.team_barrier(); }
KOKKOS_FORCEINLINE_FUNCTION void have_read(const TeamWarp&) {}

/// What f(i, partial) makes of `partial` for i in [0, n), joined by Kokkos' reducer, known to all.
template <class Workers, class F, class Reducer>
KOKKOS_INLINE_FUNCTION void reduce(const Workers& workers, std::int64_t n, const F& f,
                                   const Reducer& reducer) {
  Kokkos::parallel_reduce(lanes_over(workers, n), f, reducer);
  have_read(workers);
}

/// f(i) for every i in [0, n), shared by the workers. The f(i) must not depend on each other.
template <class Workers, class F>
KOKKOS_INLINE_FUNCTION void each(const Workers& workers, std::int64_t n, const F& f) {
  if constexpr (on_host) {
#pragma omp simd
    for (std::int64_t i = 0; i < n; ++i) f(i);
  } else {
    Kokkos::parallel_for(lanes_over(workers, n), f);
  }
}

/// As `each`, for an f(i) that is itself a loop worth vectorising.
template <class Workers, class F>
KOKKOS_INLINE_FUNCTION void each_task(const Workers& workers, std::int64_t n, const F& f) {
  if constexpr (on_host)
    for (std::int64_t i = 0; i < n; ++i) f(i);
  else
    Kokkos::parallel_for(lanes_over(workers, n), f);
}

/// The sum of f(i) over i in [0, n), known to all workers.
template <class T, class Workers, class F>
KOKKOS_INLINE_FUNCTION T sum(const Workers& workers, std::int64_t n, const F& f) {
  T total = 0;
  if constexpr (on_host) {
#pragma omp simd reduction(+ : total)
    for (std::int64_t i = 0; i < n; ++i) total += f(i);
  } else {
    reduce(
        workers, n, [&](const std::int64_t i, T& partial) { partial += f(i); }, Kokkos::Sum<T>(total));
  }
  return total;
}

/// Does `f` once for the workers.
template <class Workers, class F>
KOKKOS_INLINE_FUNCTION void once(const Workers& workers, const F& f) {
  if constexpr (on_host)
    f();
  else
    Kokkos::single(one_of(workers), f);
}

}  // namespace heddle::kernels
