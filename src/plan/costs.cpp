#include "heddle/plan/costs.hpp"

#include <algorithm>

namespace heddle::plan {
namespace {

double given(const deck::PerStage& values, Stage stage, double otherwise) {
  return values.given() ? values[stage] : otherwise;
}

/// Of one stage, from what stands in the deck; `estimate` is that of the rest.
schedule::StageCost stage_cost(const deck::Cost& cost, Stage stage, const schedule::StageCost* estimate) {
  using enum schedule::ActionKind;
  const auto is_given = [&](schedule::ActionKind kind) { return cost[figure_of(kind)].given(); };
  schedule::StageCost one;
  if (estimate) {
    one = *estimate;
  } else {
    one[forward] = given(cost[deck::Figure::forward], stage, 1);
    const double half = is_given(backward) ? cost[deck::Figure::backward][stage] / 2 : one[forward];
    one[backward_input] = half;
    one[backward_weight] = half;
  }
  for (const schedule::ActionKind kind : schedule::timed_kinds)
    one[kind] = given(cost[figure_of(kind)], stage, one[kind]);
  const bool by_parts = !estimate || is_given(backward_input) || is_given(backward_weight);
  if (by_parts && !is_given(backward)) one[backward] = one[backward_input] + one[backward_weight];
  const double recompute = given(cost[deck::Figure::recompute], stage, 0);
  one[backward] += recompute;
  one[backward_input] += recompute;
  return one;
}

}  // namespace

deck::Figure figure_of(schedule::ActionKind kind) {
  const auto* found = std::ranges::find(schedule::timed_kinds, kind);
  return static_cast<deck::Figure>(found - schedule::timed_kinds.begin());
}

schedule::Costs costs_of(const Options& options, const schedule::Costs* estimate) {
  const deck::Cost& cost = options.cost;
  const int stages = options.stages();
  schedule::Costs costs;
  for (const Stage stage : first<Stage>(stages))
    costs.stages.push_back(stage_cost(cost, stage, estimate ? &estimate->stages[stage] : nullptr));
  for (const Stage border : first<Stage>(stages - 1)) {
    schedule::Link link = estimate ? estimate->links[border] : schedule::Link();
    link.latency = given(cost[deck::Figure::send], border, link.latency);
    if (cost.bandwidth > 0) link.bandwidth = cost.bandwidth;
    link.contention |= cost.contention;
    costs.links.push_back(link);
    costs.boundary_bytes.push_back(
        given(cost[deck::Figure::message_bytes], border, estimate ? estimate->boundary_bytes[border] : 0));
  }
  const bool ends_cost = std::ranges::any_of(costs.stages, [](const schedule::StageCost& one) {
    return one[schedule::ActionKind::reduce_gradients] > 0 || one[schedule::ActionKind::step] > 0;
  });
  costs.steps_together = ends_cost && options.update == passes::Update::final;
  return costs;
}

}  // namespace heddle::plan
