// What a step of the deck's pipeline will take, before it runs.
#include "heddle/plan/simulation.hpp"

#include <fmt/format.h>

#include <tuple>

#include "heddle/plan/costs.hpp"
#include "heddle/plan/machine_costs.hpp"
#include "heddle/plan/picture.hpp"
#include "heddle/plan/rows.hpp"
#include "heddle/schedule/activations.hpp"
#include "heddle/schedule/communication.hpp"
#include "heddle/schedule/lookahead.hpp"
#include "heddle/schedule/verify.hpp"
#include "recompute.hpp"

namespace heddle::plan {
namespace {

/// Of the programs as they would run. Memory is planned only where cuts or recomputation ask for it.
schedule::Costs machine_estimate(const Options& options) {
  Draft draft = draft_of(options, family);
  recompute_in(draft);
  return machine_costs(options, draft.training);
}

}  // namespace

Simulation simulate(const Options& options) {
  const bool has_machine = options.machine != deck::Machine();
  const schedule::Costs estimate = has_machine ? machine_estimate(options) : schedule::Costs();
  Simulation simulation{.schedule = {},
                        .costs = costs_of(options, has_machine ? &estimate : nullptr),
                        .timeline = {},
                        .summary = {}};
  simulation.schedule = lower(rows_of(options, simulation.costs));
  const int lookahead = ample_lookahead(simulation.schedule, simulation.costs, options.pipeline.lookahead);
  schedule::verify(simulation.schedule, lookahead);
  simulation.timeline = schedule::simulate(simulation.schedule, simulation.costs, lookahead);
  simulation.summary = summarize(simulation.timeline);
  simulation.step = simulation.summary.makespan + options.cost.load;
  simulation.activations = peak_activations(simulation.schedule, options.cost.weight_memory);
  simulation.bytes_in_flight = peak_bytes_in_flight(simulation.timeline, simulation.costs);
  const auto tokens = static_cast<double>(options.train.batch * options.train.sequence);
  if (tokens > 0) simulation.tokens = tokens / simulation.step;
  return simulation;
}

std::string picture(const Simulation& simulation, const Options& options) {
  const auto& [schedule, summary] = std::tie(simulation.schedule, simulation.summary);
  const int chunks = options.pipeline.chunks;
  std::string stages;  // where there are more than ranks
  if (chunks > 1) stages = fmt::format(" with {} stages each", chunks);
  if (chunks == 0 && schedule.stages() > schedule.ranks())
    stages = fmt::format(" with {} stages", schedule.stages());
  return svg({.title = fmt::format("{}: {} ranks{}, {} microbatches", options.pipeline.schedule,
                                   schedule.ranks(), stages, schedule.microbatches),
              .remark = fmt::format("bubble {:.1f} % of the makespan", 100 * summary.bubble_of_makespan()),
              .unit = options.cost == deck::Cost() ? "an F takes 1" : "",
              .panels = {{simulation.timeline}}});
}

}  // namespace heddle::plan
