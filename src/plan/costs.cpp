#include "heddle/plan/costs.hpp"

#include <algorithm>

namespace heddle::plan {
namespace {

double given(const deck::PerStage& values, std::size_t stage, double otherwise) {
  return values.given() ? values[stage] : otherwise;
}

/// Of one stage, from what stands in the deck; `otherwise` is the estimate of the rest.
schedule::StageCost stage_cost(const deck::Cost& cost, std::size_t stage,
                               const schedule::StageCost* estimate) {
  schedule::StageCost one;
  const auto known = [&](const deck::PerStage& values, double schedule::StageCost::*member,
                         double otherwise) {
    return given(values, stage, estimate ? estimate->*member : otherwise);
  };
  using schedule::StageCost;
  const double again = given(cost.recompute, stage, 0);
  one.forward = known(cost.forward, &StageCost::forward, 1);
  const double half = cost.backward.given() ? cost.backward[stage] / 2 : one.forward;
  one.backward_input = known(cost.backward_input, &StageCost::backward_input, half);
  one.backward_weight = known(cost.backward_weight, &StageCost::backward_weight, half);
  const double both = one.backward_input + one.backward_weight;
  const bool by_parts = !estimate || cost.backward_input.given() || cost.backward_weight.given();
  one.backward = given(cost.backward, stage, by_parts ? both : estimate->backward) + again;
  one.backward_input += again;
  one.reduce_gradients = known(cost.reduce_gradients, &StageCost::reduce_gradients, 0);
  one.step = known(cost.step, &StageCost::step, 0);
  return one;
}

}  // namespace

schedule::Costs costs_of(const Options& options, const schedule::Costs* estimate) {
  const deck::Cost& cost = options.cost;
  const auto stages = static_cast<std::size_t>(options.stages());
  schedule::Costs costs;
  for (std::size_t stage = 0; stage < stages; ++stage)
    costs.stages.push_back(stage_cost(cost, stage, estimate ? &estimate->stages[stage] : nullptr));
  for (std::size_t border = 0; border + 1 < stages; ++border) {
    schedule::Link link = estimate ? estimate->links[border] : schedule::Link();
    link.latency = given(cost.send, border, link.latency);
    if (cost.bandwidth > 0) link.bandwidth = cost.bandwidth;
    link.contention |= cost.contention;
    costs.links.push_back(link);
    costs.boundary_bytes.push_back(
        given(cost.message_bytes, border, estimate ? estimate->boundary_bytes[border] : 0));
  }
  const bool ends_cost = std::ranges::any_of(
      costs.stages, [](const schedule::StageCost& one) { return one.reduce_gradients > 0 || one.step > 0; });
  costs.steps_together = ends_cost && options.update == passes::Update::final;
  if (!costs.links.empty()) costs.link = costs.links.front();
  return costs;
}

}  // namespace heddle::plan
