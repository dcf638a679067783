#include "landing.hpp"

#include <type_traits>

#include "heddle/lanes/log_add.hpp"
#include "landing_types.hpp"

namespace heddle::lanes::cuda {
namespace {

using Policy = Kokkos::TeamPolicy<Kokkos::Cuda>;

/// Elements of a run that one team takes, and its threads.
constexpr std::int64_t piece = 4096;
constexpr int threads = 256;

/// What becomes of a sum, in which numbers are added up, when a term lands there.
template <class Sum>
KOKKOS_INLINE_FUNCTION Sum landed(Sum sum, Sum term, Landing landing) {
  if (landing == Landing::replace) return term;
  if constexpr (std::is_floating_point_v<Sum>)
    if (landing == Landing::log_add) return log_add(sum, term);
  return sum + term;
}

/// From numbers of type From to those of type To: pieces of runs in parallel.
template <class From, class To>
void launch(const Kokkos::Cuda& space, const RunsThere& runs, const From* from, To* to, Landing landing) {
  const std::int64_t pieces = (runs.longest + piece - 1) / piece;
  if (pieces == 0) return;
  Kokkos::parallel_for(
      "land", Policy(space, static_cast<int>(runs.count * pieces), threads),
      KOKKOS_LAMBDA(const Policy::member_type& team) {
        const std::int64_t index = team.league_rank() / pieces, first = team.league_rank() % pieces * piece;
        const Run run = runs.all ? runs.all[index] : runs.first;
        const std::int64_t left = run.length - first, n = left < piece ? left : piece;
        const From* terms = from + run.from + first;
        To* sums = to + run.to + first;
        Kokkos::parallel_for(Kokkos::TeamThreadRange(team, n > 0 ? n : 0), [&](std::int64_t i) {
          using Sum = decltype(sums[i] + terms[i]);
          const auto before = landing == Landing::replace ? Sum{} : static_cast<Sum>(sums[i]);
          sums[i] = static_cast<To>(landed(before, static_cast<Sum>(terms[i]), landing));
        });
      });
}

}  // namespace

void land(const Kokkos::Cuda& space, const RunsThere& runs, LandingTypes types, const void* from, void* to,
          Landing landing) {
  with_landing_types(types, landing, [&](auto source, auto target) {
    launch(space, runs, static_cast<const decltype(source)*>(from), static_cast<decltype(target)*>(to),
           landing);
  });
}

}  // namespace heddle::lanes::cuda
