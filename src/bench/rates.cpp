#include "rates.hpp"

#include <algorithm>
#include <array>

#include "heddle/comm/apply.hpp"
#include "heddle/comm/collectives.hpp"
#include "heddle/comm/point_to_point.hpp"
#include "heddle/exec/device_machine.hpp"
#include "heddle/kernels/gemm.hpp"
#include "heddle/lanes/memory.hpp"

namespace heddle::bench {
namespace {

constexpr double measured_seconds = 0.25;  // of each figure, the first call aside
constexpr int most_calls = 200;

/// Memory like a tensor's, filled so that no page of it is missing.
struct Scratch {
  Scratch(const Tensor& like, const lanes::Lane& lane)
      : memory(std::max<std::int64_t>(like.bytes(), 1), lane), tensor{memory.data(), like.dtype, like.shape} {
    memory.zero(lane);
  }
  lanes::Memory memory;
  Tensor tensor;
};

double gemm_rate(DType dtype, const comm::Communicator& world, std::int64_t m, std::int64_t n,
                 std::int64_t k) {
  const lanes::Lane lane = lanes::device_lane();
  const Scratch x({nullptr, dtype, {m, k}}, lane), weight({nullptr, dtype, {n, k}}, lane),
      y({nullptr, dtype, {m, n}}, lane);
  const double seconds = median_seconds(world, [&] {
    kernels::gemm(lane, kernels::matrix(x.tensor), transposed(kernels::matrix(weight.tensor)),
                  kernels::matrix(y.tensor), kernels::Write::overwrite);
    lane.fence("measuring rates");
  });
  return 2.0 * static_cast<double>(m * n * k) / seconds;
}

double copy_rate(const comm::Communicator& world) {
  const std::int64_t bytes = std::int64_t{1} << 27;  // four times the largest cache that a core has to itself
  const lanes::Lane lane = lanes::device_lane();
  const Scratch from({nullptr, DType::f64, {bytes / 8}}, lane), to({nullptr, DType::f64, {bytes / 8}}, lane);
  const double seconds = median_seconds(world, [&] {
    lane.copy(from.tensor, to.tensor);
    lane.fence("measuring rates");
  });
  return 2.0 * static_cast<double>(bytes) / seconds;
}

void wait_for(comm::Request request) {
  if (!request.done()) comm::wait(request, {"measuring messages"});
}

}  // namespace

double median_seconds(const comm::Communicator& ranks, const std::function<void()>& what) {
  const auto timed = [&] {
    comm::barrier(ranks, "measuring rates");
    const exec::Clock clock;
    what();
    return clock.now();
  };
  const double first = timed();
  // Ranks agree on how often: the mean of what each would do.
  const double calls = std::clamp(measured_seconds / std::max(first, 1e-7), 3.0, double{most_calls});
  const int count = static_cast<int>(comm::all_sum(ranks, calls, "measuring rates") / ranks.size());
  std::vector<double> seconds;
  for (int i = 0; i < count; ++i) seconds.push_back(timed());
  std::ranges::nth_element(seconds, seconds.begin() + count / 2);
  return seconds[static_cast<std::size_t>(count / 2)];
}

Rates measure_rates(DType dtype, const comm::Communicator& world) {
  Rates rates{0, copy_rate(world)};
  for (const auto& [m, n, k] : {std::array<std::int64_t, 3>{1024, 1024, 1024},
                                {2048, 1536, 384},
                                {1024, 3072, 768},
                                {1024, 768, 3072}})
    rates.flops = std::max(rates.flops, gemm_rate(dtype, world, m, n, k));
  return rates;
}

double map_seconds(const maps::Map& map, const comm::CartesianGrid& grid, const Tensor& in,
                   const Tensor& out) {
  const lanes::Lane lane = lanes::device_lane();
  const Scratch source(in, lane), target(out, lane);
  const Tensor& into = in.data == out.data ? source.tensor : target.tensor;
  return median_seconds(grid.group(map),
                        [&] { wait_for(comm::start(map, grid, source.tensor, into, lane)); });
}

double sum_seconds(const comm::Communicator& ranks, const Tensor& like, DType sent) {
  const lanes::Lane lane = lanes::device_lane();
  const Scratch sum(like, lane);
  return median_seconds(ranks, [&] { wait_for(start_sum(ranks, sum.tensor, sent, lane)); });
}

double exchange_seconds(const comm::Communicator& ranks, const std::vector<Message>& sent,
                        const std::vector<Message>& received) {
  const lanes::Lane lane = lanes::device_lane();
  std::vector<Scratch> out, in;
  for (const Message& message : sent) out.emplace_back(message.tensor, lane);
  for (const Message& message : received) in.emplace_back(message.tensor, lane);
  return median_seconds(ranks, [&] {
    std::vector<comm::Request> requests;
    for (std::size_t i = 0; i < in.size(); ++i)
      requests.push_back(start_receive(ranks, received[i].peer, received[i].tag, in[i].tensor, lane));
    for (std::size_t i = 0; i < out.size(); ++i)
      requests.push_back(start_send(ranks, sent[i].peer, sent[i].tag, out[i].tensor, lane));
    for (comm::Request& request : requests) wait_for(std::move(request));
  });
}

}  // namespace heddle::bench
