#include "heddle/kernels/sum_of_squares.hpp"

#include "pack.hpp"

namespace heddle::kernels {
namespace {

/// Numbers that one team takes: on a device enough to make up for its barriers.
constexpr std::int64_t squares_block = on_host ? element_block : 8 * element_block;

template <class T>
struct SumOfSquares {
  const T* x;
  std::int64_t count;

  KOKKOS_INLINE_FUNCTION void operator()(const Team& team, double& total) const {
    const std::int64_t first = team.league_rank() * squares_block;
    const std::int64_t n = count - first < squares_block ? count - first : squares_block;
    const T* from = x + first;
    const double squares = sum_packs<T, double>(team, n, [&](auto i) {
      const auto number = i.load(from);
      return number * number;
    });
    once(team, [&] { total += squares; });
  }
};

template <class T>
void launch(const Space& space, std::int64_t count, const T* x, double* result) {
  using Result = Kokkos::View<double, MemorySpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>>;
  const auto blocks = static_cast<int>((count + squares_block - 1) / squares_block);
  Kokkos::parallel_reduce("sum_of_squares", Policy(space, blocks, team_threads, vector_lanes),
                          SumOfSquares<T>{x, count}, Result(result));
}

}  // namespace

void sum_of_squares(const lanes::Lane& lane, const Tensor& x, const Tensor& result) {
  HEDDLE_EXPECT(result.count() == 1);
  with_compute(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    lane.passes();  // Kokkos adds up the teams' sums in memory of its own, which may move
    lane.run([where = &space(lane), count = x.count(), from = x.as<T>(), to = result.as<double>()] {
      launch<T>(*where, count, from, to);
    });
  });
}

}  // namespace heddle::kernels
