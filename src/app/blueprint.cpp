#include "heddle/app/blueprint.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "heddle/app/cuts.hpp"
#include "heddle/app/deck_costs.hpp"
#include "heddle/app/drawn_schedule.hpp"
#include "heddle/app/recomputation.hpp"
#include "heddle/deck/read.hpp"
#include "heddle/passes/differentiate.hpp"
#include "heddle/passes/parallelize.hpp"
#include "heddle/schedule/communication.hpp"
#include "heddle/schedule/gpipe.hpp"
#include "heddle/schedule/lookahead.hpp"
#include "heddle/schedule/verify.hpp"

namespace heddle::app {
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

Blueprint draw(const deck::Deck& deck) {
  return draw(deck, [](const deck::Model& model, DType dtype) {
    return model::build(model, model::Head::loss, dtype);
  });
}

Blueprint draw(const deck::Deck& deck, const ModelWriter& write) {
  const schedule::Schedule training = training_schedule(deck);
  Blueprint blueprint{.grid = grid_of(deck),
                      .rows = deck.train.batch / deck.pipeline.microbatches * deck.train.sequence,
                      .loss_rows = deck.train.loss_rows,
                      .tied = deck.pipeline.tied,
                      .update = deck.optimizer.validate == deck::Validate::after ? schedule::Update::revocable
                                                                                 : schedule::Update::final,
                      .training = training,
                      .evaluation = evaluation_schedule(training)};
  const graph::Graph graph = laid_out(deck, write(deck.model, deck.train.dtype), blueprint.grid),
                     without =
                         laid_out(deck, write(without_dropout(deck.model), deck.train.dtype), blueprint.grid);
  for (const schedule::Schedule* rows : {&blueprint.training, &blueprint.evaluation})
    blueprint.lookahead =
        ample_lookahead(*rows, costs_of(deck), std::max(blueprint.lookahead, deck.pipeline.lookahead));
  blueprint.cuts = cuts_of(blueprint, deck, graph);
  blueprint.shares = passes::partition(graph, blueprint.cuts, training.rank_of_stage);
  blueprint.evaluation_shares = passes::partition(without, blueprint.cuts, training.rank_of_stage);
  schedule::verify(blueprint.training, blueprint.lookahead);
  choose_recomputation(blueprint, deck);
  return blueprint;
}

passes::Program training_program(const passes::Share& share, std::int64_t loss_rows,
                                 const std::vector<passes::Recompute>& recompute) {
  passes::Program program = passes::differentiate(share);
  program.loss_rows = loss_rows;
  const passes::Ways ways = passes::ways(program, recompute);
  return passes::rematerialize(std::move(program), ways);
}

passes::Program training_program(const Blueprint& blueprint, int pipeline_rank) {
  passes::Program program =
      training_program(blueprint.shares[pipeline_rank], blueprint.loss_rows, blueprint.recompute);
  if (blueprint.tied == deck::Tied::transmit) {
    const std::vector<std::string> elsewhere = held_before(blueprint.shares, pipeline_rank);
    for (passes::Trained& trained : program.trained)
      trained.stepped = !std::ranges::count(elsewhere, program.graph[trained.parameter].name);
  }
  return program;
}

passes::Program evaluation_program(const Blueprint& blueprint, int pipeline_rank) {
  passes::Program program = passes::forward_only(blueprint.evaluation_shares[pipeline_rank]);
  program.loss_rows = blueprint.loss_rows;
  return program;
}

int first_rank(const Blueprint& blueprint, int pipeline_rank) {
  maps::Coordinates place;
  place[maps::Axis::pipeline] = pipeline_rank;
  return blueprint.grid.rank(place);
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

RankMemory memory_of(const Blueprint& blueprint, const deck::Deck& deck, int rank) {
  const int pipeline_rank = blueprint.grid.coordinates(rank)[maps::Axis::pipeline];
  const auto plan = [&](const passes::Program& program, const schedule::Schedule& schedule) {
    return schedule::plan_memory({.program = program,
                                  .grid = blueprint.grid,
                                  .rank = rank,
                                  .rows = blueprint.rows,
                                  .row = schedule.rows[pipeline_rank],
                                  .microbatches = deck.pipeline.microbatches,
                                  .window = schedule.window,
                                  .lookahead = blueprint.lookahead,
                                  .update = blueprint.update});
  };
  RankMemory memory{plan(training_program(blueprint, pipeline_rank), blueprint.training)};
  const std::int64_t evaluation =
      plan(evaluation_program(blueprint, pipeline_rank), blueprint.evaluation).beside_parameters();
  if (evaluation > memory.training.spare()) memory.evaluation = evaluation;
  return memory;
}

}  // namespace heddle::app
