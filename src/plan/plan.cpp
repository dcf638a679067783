#include "heddle/plan/plan.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "heddle/deck/read.hpp"
#include "heddle/passes/differentiate.hpp"
#include "heddle/passes/parallelize.hpp"
#include "heddle/plan/costs.hpp"
#include "heddle/plan/cuts.hpp"
#include "heddle/plan/recomputation.hpp"
#include "heddle/plan/rows.hpp"
#include "heddle/schedule/communication.hpp"
#include "heddle/schedule/gpipe.hpp"
#include "heddle/schedule/lookahead.hpp"
#include "heddle/schedule/verify.hpp"

namespace heddle::plan {
namespace {

maps::Grid grid_of(const deck::Deck& deck) {
  maps::AxisOrder order;
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<maps::Axis>(deck.grid.order[i]);
  return maps::Grid({deck.grid.data, deck.grid.pipeline, deck.grid.tensor}, order);
}

graph::Graph laid_out(const deck::Deck& deck, const graph::Graph& model, const maps::Grid& grid) {
  const auto stream =
      deck.grid.sequence_parallel ? passes::ResidualStream::split_rows : passes::ResidualStream::whole;
  return passes::parallelize(model, grid, stream);
}

deck::Model without_dropout(deck::Model model) {
  model.dropout = 0;
  return model;
}

schedule::Schedule training_schedule(const deck::Deck& deck) { return lower(runnable_schedule(deck)); }

/// The forward passes of training, in their order.
schedule::Schedule evaluation_schedule(schedule::Schedule training) {
  training.window = 1;
  for (schedule::Row& row : training.rows)
    std::erase_if(
        row, [](const schedule::Action& action) { return action.kind != schedule::ActionKind::forward; });
  return add_communication(training);
}

bool holds(const passes::Share& share, const std::string& parameter) {
  return std::ranges::any_of(share.graph.values, [&](const graph::Value& value) {
    return value.role == graph::Role::parameter && value.name == parameter;
  });
}

}  // namespace

Plan draw(const deck::Deck& deck) {
  return draw(deck, [](const deck::Model& model, DType dtype) {
    return model::build(model, model::Head::loss, dtype);
  });
}

Plan draw(const deck::Deck& deck, const ModelWriter& write) {
  const schedule::Schedule training = training_schedule(deck);
  Plan plan{.grid = grid_of(deck),
            .rows = deck.train.batch / deck.pipeline.microbatches * deck.train.sequence,
            .loss_rows = deck.train.loss_rows,
            .tied = deck.pipeline.tied,
            .update = deck.optimizer.validate == deck::Validate::after ? schedule::Update::revocable
                                                                       : schedule::Update::final,
            .training = training,
            .evaluation = evaluation_schedule(training)};
  const graph::Graph graph = laid_out(deck, write(deck.model, deck.train.dtype), plan.grid),
                     without =
                         laid_out(deck, write(without_dropout(deck.model), deck.train.dtype), plan.grid);
  for (const schedule::Schedule* rows : {&plan.training, &plan.evaluation})
    plan.lookahead =
        ample_lookahead(*rows, costs_of(deck), std::max(plan.lookahead, deck.pipeline.lookahead));
  plan.cuts = cuts_of(plan, deck, graph);
  plan.shares = passes::partition(graph, plan.cuts, training.rank_of_stage);
  plan.evaluation_shares = passes::partition(without, plan.cuts, training.rank_of_stage);
  schedule::verify(plan.training, plan.lookahead);
  choose_recomputation(plan, deck);
  return plan;
}

passes::Program training_program(const passes::Share& share, std::int64_t loss_rows,
                                 const std::vector<passes::Recompute>& recompute) {
  passes::Program program = passes::differentiate(share);
  program.loss_rows = loss_rows;
  const passes::Ways ways = passes::ways(program, recompute);
  return passes::rematerialize(std::move(program), ways);
}

passes::Program training_program(const Plan& plan, int pipeline_rank) {
  passes::Program program = training_program(plan.shares[pipeline_rank], plan.loss_rows, plan.recompute);
  if (plan.tied == deck::Tied::transmit) {
    const std::vector<std::string> elsewhere = held_before(plan.shares, pipeline_rank);
    for (passes::Trained& trained : program.trained)
      trained.stepped = !std::ranges::count(elsewhere, program.graph[trained.parameter].name);
  }
  return program;
}

passes::Program evaluation_program(const Plan& plan, int pipeline_rank) {
  passes::Program program = passes::forward_only(plan.evaluation_shares[pipeline_rank]);
  program.loss_rows = plan.loss_rows;
  return program;
}

int first_rank(const Plan& plan, int pipeline_rank) {
  maps::Coordinates place;
  place[maps::Axis::pipeline] = pipeline_rank;
  return plan.grid.rank(place);
}

passes::Share single_stage(const deck::Deck& deck, model::Head head) {
  return passes::partition(model::build(without_dropout(deck.model), head, deck.train.dtype), {}).front();
}

std::vector<int> holders(const std::vector<passes::Share>& shares, const std::string& parameter) {
  std::vector<int> found;
  for (std::size_t i = 0; i < shares.size(); ++i)
    if (holds(shares[i], parameter)) found.push_back(static_cast<int>(i));
  return found;
}

namespace {

/// The parameters of a pipeline rank whose other holders satisfy `f`.
template <class F>
std::vector<std::string> shared(const std::vector<passes::Share>& shares, int pipeline_rank, F&& f) {
  std::vector<std::string> names;
  for (const graph::Value& value : shares[pipeline_rank].graph.values) {
    if (value.role != graph::Role::parameter) continue;
    if (std::ranges::any_of(holders(shares, value.name), f)) names.push_back(value.name);
  }
  return names;
}

}  // namespace

std::vector<std::string> held_before(const std::vector<passes::Share>& shares, int pipeline_rank) {
  return shared(shares, pipeline_rank, [&](int holder) { return holder < pipeline_rank; });
}

std::vector<std::string> tied(const std::vector<passes::Share>& shares, int pipeline_rank) {
  return shared(shares, pipeline_rank, [&](int holder) { return holder != pipeline_rank; });
}

RankMemory memory_of(const Plan& plan, const deck::Deck& deck, int rank) {
  const int pipeline_rank = plan.grid.coordinates(rank)[maps::Axis::pipeline];
  const auto memory_plan = [&](const passes::Program& program, const schedule::Schedule& schedule) {
    return schedule::plan_memory({.program = program,
                                  .grid = plan.grid,
                                  .rank = rank,
                                  .rows = plan.rows,
                                  .row = schedule.rows[pipeline_rank],
                                  .microbatches = deck.pipeline.microbatches,
                                  .window = schedule.window,
                                  .lookahead = plan.lookahead,
                                  .update = plan.update});
  };
  RankMemory memory{memory_plan(training_program(plan, pipeline_rank), plan.training)};
  const std::int64_t evaluation =
      memory_plan(evaluation_program(plan, pipeline_rank), plan.evaluation).beside_parameters();
  if (evaluation > memory.training.spare()) memory.evaluation = evaluation;
  return memory;
}

}  // namespace heddle::plan
