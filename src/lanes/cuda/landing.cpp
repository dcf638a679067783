#include "landing.hpp"

#include "heddle/base/error.hpp"

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

template <class From, class To>
void launch(const Kokkos::Cuda& space, const RunsThere& runs, const void* from, void* to, bool adds) {
  launch(space, runs, static_cast<const From*>(from), static_cast<To*>(to), adds);
}

}  // namespace

void land(const Kokkos::Cuda& space, const RunsThere& runs, LandingTypes types, const void* from, void* to,
          Landing landing) {
  const bool adds = landing == Landing::add;
  const auto [source, target] = types;
  HEDDLE_EXPECT(target != DType::bf16 || !adds);
  if (source == DType::bf16 && target == DType::f32)
    return launch<BFloat16, float>(space, runs, from, to, adds);
  if (source == DType::f32 && target == DType::bf16)
    return launch<float, BFloat16>(space, runs, from, to, adds);
  HEDDLE_EXPECT(source == target);
  switch (source) {
    case DType::f64: return launch<double, double>(space, runs, from, to, adds);
    case DType::i32: return launch<std::int32_t, std::int32_t>(space, runs, from, to, adds);
    case DType::bf16: return launch<BFloat16, BFloat16>(space, runs, from, to, adds);
    default: return launch<float, float>(space, runs, from, to, adds);
  }
}

}  // namespace heddle::lanes::cuda
