#include "landing.hpp"

#include "landing_types.hpp"

namespace heddle::lanes::cuda {
namespace {

using Policy = Kokkos::TeamPolicy<Kokkos::Cuda>;

/// Elements of a run that one team takes, and its threads.
constexpr std::int64_t piece = 4096;
constexpr int threads = 256;

/// From numbers of type From to those of type To: pieces of runs in parallel.
template <class From, class To>
void launch(const Kokkos::Cuda& space, const RunsThere& runs, const From* from, To* to, bool adds) {
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
          const auto term = static_cast<Sum>(terms[i]);
          sums[i] = static_cast<To>(adds ? static_cast<Sum>(sums[i]) + term : term);
        });
      });
}

}  // namespace

void land(const Kokkos::Cuda& space, const RunsThere& runs, LandingTypes types, const void* from, void* to,
          Landing landing) {
  with_landing_types(types, landing, [&](auto source, auto target) {
    launch(space, runs, static_cast<const decltype(source)*>(from), static_cast<decltype(target)*>(to),
           landing == Landing::add);
  });
}

}  // namespace heddle::lanes::cuda
