#include "sampling.hpp"

#include <algorithm>
#include <cmath>

#include "heddle/comm/collectives.hpp"
#include "heddle/comm/gather.hpp"
#include "heddle/exec/device_machine.hpp"
#include "heddle/kernels/fill_normal.hpp"

namespace heddle::bench {
namespace {

constexpr double measured_seconds = 0.25;  // of each figure, the first call aside
constexpr double most_samples = 200, fewest_samples = 3;
constexpr const char* measuring = "measuring rates";

/// A wait for a lane takes some 10 us, and the host's clock tells 50 ns apart: less than a hundredth of this.
constexpr double row_seconds = 2e-3;
constexpr double longest_row = 20'000;

/// How often `of_one` goes into `seconds`, the same on all ranks: what the slowest of them comes to.
int count_within(double seconds, double of_one, double fewest, double most, const comm::Communicator& ranks) {
  const double slowest = largest(ranks, {of_one}).front();
  return static_cast<int>(std::clamp(std::ceil(seconds / std::max(slowest, 1e-9)), fewest, most));
}

double timed(const comm::Communicator& ranks, const lanes::Lane& lane, const std::function<void()>& what,
             int calls) {
  comm::barrier(ranks, measuring);
  const exec::Clock clock;
  for (int i = 0; i < calls; ++i) what();
  lane.fence(measuring);
  return clock.now();
}

}  // namespace

double median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t n = values.size();
  return n == 0 ? 0 : (values[(n - 1) / 2] + values[n / 2]) / 2;
}

std::vector<double> largest(const comm::Communicator& ranks, const std::vector<double>& mine) {
  std::vector<double> most = mine;
  for (const auto& rank : comm::gather_rows<double>(ranks, mine, comm::Receivers::all, "the largest"))
    for (std::size_t i = 0; i < most.size(); ++i) most[i] = std::max(most[i], rank[i]);
  return most;
}

Scratch::Scratch(const Tensor& like, const lanes::Lane& lane, Holds holds)
    : memory(std::max<std::int64_t>(like.bytes(), 1), lane), tensor{memory.data(), like.dtype, like.shape} {
  memory.zero(lane);
  Shape from_the_first = tensor.shape;
  for (int dim = 0; dim < from_the_first.rank(); ++dim) from_the_first[dim] = 0;
  if (holds == Holds::normal_numbers)
    kernels::fill_normal(lane, tensor, 1, 1, {tensor.shape, from_the_first});
}

double seconds_in_a_row(const comm::Communicator& ranks, const lanes::Lane& lane,
                        const std::function<void()>& what) {
  timed(ranks, lane, what, 1);  // libraries choose their code
  const double one = timed(ranks, lane, what, 1);
  const int calls = count_within(row_seconds, one, 1, longest_row, ranks);
  const int samples = count_within(measured_seconds, one * calls, fewest_samples, most_samples, ranks);
  std::vector<double> seconds;
  for (int i = 0; i < samples; ++i) seconds.push_back(timed(ranks, lane, what, calls) / calls);
  return median(seconds);
}

}  // namespace heddle::bench
