#include "run_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "heddle/base/mebibytes.hpp"
#include "machine_text.hpp"
#include "sampling.hpp"

namespace heddle::bench {
namespace {

std::string memory_text(const MemoryUse& memory) {
  std::string all = fmt::format(
      "memory         {:.1f} MiB planned, {:.1f} allocated, {:.1f} resident with program and libraries: the "
      "largest rank\n",
      mebibytes(memory.planned), mebibytes(memory.allocated), mebibytes(memory.resident));
  if (const auto& device = memory.device)
    all += fmt::format(
        "GPU memory     {:.1f} MiB taken at the start, {:.1f} once set up, {:.1f} after the steps, of "
        "{:.1f}\n"
        "               by all processes on it, with what contexts and libraries take beside the plan\n",
        mebibytes(device->start), mebibytes(device->set_up), mebibytes(device->end),
        mebibytes(device->total));
  return all;
}

/// Nothing where the lane records nothing.
std::string replays_text(const exec::ReplayCount& replays) {
  if (!replays.refused.empty())
    return fmt::format("kernels        launched one by one: the GPU would not record them: {}\n",
                       replays.refused);
  if (replays.launches == 0) return "";
  return fmt::format("kernels        of {} nodes a step {} are replayed, in {} launches (rank 0)\n",
                     replays.nodes, replays.replayed, replays.launches);
}

std::string overhead_text(const RunReport& run) {
  std::vector<double> dearer = run.dearer;
  std::ranges::sort(dearer);
  const Overhead& overhead = run.overhead;
  return fmt::format(
      "overhead       {:.4f} % of a step: events {:.2g} us, their file {:.2g} us, watchdog {:.2g} us, "
      "verifier {:.2g} us\n"
      "               (with events against without, in turns: {:+.2f} %, from {:+.2f} to {:+.2f} %)\n",
      100 * overhead.sum() / run.step(), 1e6 * overhead.events, 1e6 * overhead.file, 1e6 * overhead.watchdog,
      1e6 * overhead.verifier, median(dearer), dearer.front(), dearer.back());
}

}  // namespace

double RunReport::step() const { return median(steps); }

nlohmann::ordered_json object(const exec::ReplayCount& replays) {
  return {{"nodes", replays.nodes}, {"nodes_replayed", replays.replayed}, {"replays", replays.launches}};
}

std::string text(const RunReport& run) {
  const auto of_a_rank = [&](double rate) {
    const std::string all = text(rate, Unit::flops_per_second);
    return run.ranks == 1 ? all
                          : fmt::format("{}, {} a rank", all, text(rate / run.ranks, Unit::flops_per_second));
  };
  return fmt::format(
             "\n# the run\n"
             "step           {:.4g} s, median of {} with events as in a run\n"
             "speed          {:.1f} tokens/s\n"
             "model FLOPs    {}; a step has\n"
             "               {}\n"
             "GEMM rate      {}, {}, of all ranks at once; the step gives {:.3f} of it\n",
             run.step(), run.steps.size(), static_cast<double>(run.tokens) / run.step(),
             of_a_rank(run.flops_rate()), run.formula, of_a_rank(run.product_rate), run.precision,
             run.flops_rate() / run.product_rate) +
         replays_text(run.replays) + memory_text(run.memory) + overhead_text(run);
}

}  // namespace heddle::bench
