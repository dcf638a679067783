#include "heddle/plan/machine_costs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>

#include "heddle/maps/local.hpp"
#include "heddle/schedule/estimate.hpp"

namespace heddle::plan {
namespace {

double known(const char* key, double value) {
  if (value > 0) return value;
  throw KeyError({key, "cost.machine"}, fmt::format("{} is not known", key),
                 "the time of an op follows from it", fmt::format("set {}, or take another machine", key));
}

/// FLOP/s in large products.
double product_rate(Precision precision, const deck::Machine& machine) {
  switch (precision) {
    case Precision::fp64: return known("machine.fp64", machine.fp64);
    case Precision::bf16: return known("machine.bf16", machine.bf16);
    case Precision::tf32:
      if (machine.tf32 > 0) return machine.tf32;
      [[fallthrough]];
    default: return known("machine.fp32", machine.fp32);
  }
}

double bandwidth(double given) { return given > 0 ? given : std::numeric_limits<double>::infinity(); }

schedule::MachineModel model_of(const Options& options) {
  const deck::Machine& machine = options.machine;
  return {.rates = {product_rate(options.train.precision, machine), known("machine.memory", machine.memory)},
          .kernel = machine.kernel,
          .ranks_per_node = machine.ranks_per_node,
          .within = {machine.latency, bandwidth(machine.bandwidth), machine.contention},
          .between = {machine.node_latency, bandwidth(machine.node_bandwidth), machine.contention}};
}

class MachineCosts {
 public:
  MachineCosts(const Options& options, const Execution& training)
      : options_(options),
        programs_(training.programs),
        schedule_(training.schedule),
        machine_(model_of(options)) {
    const int borders = std::max(schedule_.stages() - 1, 0);
    costs_.stages.resize(schedule_.stages());
    costs_.links.resize(borders);
    costs_.boundary_bytes.resize(borders);
  }

  schedule::Costs run() {
    for (const PipelineRank rank : programs_.ids()) add(rank);
    return std::move(costs_);
  }

 private:
  /// Of the ranks with this pipeline rank.
  void add(PipelineRank pipeline_rank) {
    const passes::Program& program = programs_[pipeline_rank];
    auto stages = estimate({.program = program,
                            .grid = options_.grid,
                            .rank = first_rank(options_.grid, pipeline_rank),
                            .extents = options_.extents(),
                            .bucketing = options_.bucketing},
                           machine_);
    schedule::StageCost& first_stage = stages.begin()->second;
    // Loss and norm go over all ranks, one after the other.
    const int ranks = options_.grid.size();
    const schedule::Link& link = ranks > machine_.ranks_per_node ? machine_.between : machine_.within;
    first_stage[schedule::ActionKind::step] +=
        4 * std::bit_width(static_cast<unsigned>(ranks - 1)) * link.latency;
    for (const auto& [stage, cost] : stages) costs_.stages[stage] = cost;
    for (const passes::Border& border : program.borders) add_border(program, border, pipeline_rank);
  }

  /// Between the first ranks of two pipeline ranks.
  const schedule::Link& link(PipelineRank from, PipelineRank to) const {
    const bool one_node = machine_.one_node(first_rank(options_.grid, from), first_rank(options_.grid, to));
    return one_node ? machine_.within : machine_.between;
  }

  void add_border(const passes::Program& program, const passes::Border& border, PipelineRank pipeline_rank) {
    if (border.stage + 1 == schedule_.stages()) return;
    costs_.links[border.stage] = link(pipeline_rank, schedule_.rank_of_stage[border.stage + 1]);
    for (const graph::ValueId id : border.sent)
      costs_.boundary_bytes[border.stage] += bytes(program.graph[id], pipeline_rank);
  }

  double bytes(const graph::Value& value, PipelineRank pipeline_rank) const {
    const Shape shape = maps::local_shape(graph::resolve(value.shape, options_.extents()), value.layout,
                                          options_.grid, first_rank(options_.grid, pipeline_rank));
    return static_cast<double>(shape.count() * size_of(value.dtype));
  }

  const Options& options_;
  const ById<PipelineRank, passes::Program>& programs_;
  const schedule::Schedule& schedule_;
  schedule::MachineModel machine_;
  schedule::Costs costs_;
};

}  // namespace

schedule::Costs machine_costs(const Options& options, const Execution& training) {
  return MachineCosts(options, training).run();
}

}  // namespace heddle::plan
