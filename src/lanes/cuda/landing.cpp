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

/// A term lands where `sum` lies: to be added up in what both are converted to.
template <class From, class To>
KOKKOS_INLINE_FUNCTION void land(To& sum, From term, Landing landing) {
  using Sum = decltype(sum + term);
  if (landing == Landing::replace) {
    if constexpr (std::is_same_v<From, To>)
      sum = term;  // every bit of it, where a conversion may lose some
    else
      sum = static_cast<To>(static_cast<Sum>(term));
    return;
  }
  const Sum before = static_cast<Sum>(sum), added = static_cast<Sum>(term);
  if constexpr (std::is_floating_point_v<Sum>) {
    if (landing == Landing::log_add) {
      sum = static_cast<To>(log_add(before, added));
      return;
    }
  }
  sum = static_cast<To>(before + added);
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
        Kokkos::parallel_for(Kokkos::TeamThreadRange(team, n > 0 ? n : 0),
                             [&](std::int64_t i) { land(sums[i], terms[i], landing); });
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
