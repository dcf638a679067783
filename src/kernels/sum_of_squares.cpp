#include "heddle/kernels/sum_of_squares.hpp"

#include "rows.hpp"

namespace heddle::kernels {
namespace {

template <class T>
struct SumOfSquares {
  const T* x;
  std::int64_t count;

  KOKKOS_INLINE_FUNCTION void operator()(const Team& team, double& total) const {
    const std::int64_t first = team.league_rank() * element_block;
    const std::int64_t n = count - first < element_block ? count - first : element_block;
    const T* from = x + first;
    const double squares =
        sum<double>(team, n, [&](std::int64_t i) { return double(from[i]) * double(from[i]); });
    once(team, [&] { total += squares; });
  }
};

template <class T>
void run(const Lane& lane, std::int64_t count, const T* x, double* result) {
  using Result = Kokkos::View<double, MemorySpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>>;
  const auto blocks = static_cast<int>((count + element_block - 1) / element_block);
  Kokkos::parallel_reduce("sum_of_squares", Policy(lane.space, blocks, team_threads, vector_lanes),
                          SumOfSquares<T>{x, count}, Result(result));
}

}  // namespace

void sum_of_squares(const Lane& lane, const Tensor& x, const Tensor& result) {
  HEDDLE_EXPECT(result.count() == 1);
  with_real(x.dtype, [&](auto zero) {
    using T = decltype(zero);
    run<T>(lane, x.count(), x.as<T>(), result.as<double>());
  });
}

}  // namespace heddle::kernels
