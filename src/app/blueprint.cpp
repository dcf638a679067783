#include "heddle/app/blueprint.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "heddle/app/drawn_schedule.hpp"
#include "heddle/deck/read.hpp"
#include "heddle/passes/differentiate.hpp"
#include "heddle/passes/parallelize.hpp"
#include "heddle/passes/rematerialize.hpp"
#include "heddle/schedule/communication.hpp"
#include "heddle/schedule/gpipe.hpp"
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

/// The deck counts layers, the graph blocks: block 0 is the embedding, layer i is block i + 1.
std::vector<int> cuts_of(const deck::Deck& deck, const graph::Graph& graph) {
  if (deck.pipeline.cuts.empty())
    return passes::balanced_cuts(graph, deck.grid.pipeline, deck.train.sequence);
  std::vector<int> cuts = deck.pipeline.cuts;
  for (int& cut : cuts) ++cut;
  return cuts;
}

schedule::Schedule training_schedule(const deck::Deck& deck) {
  if (deck.pipeline.chunks > 1)
    throw deck::DeckError(
        {fmt::format("{}: {}", deck.at("pipeline.chunks"),
                     describe(fmt::format("pipeline.chunks = {} cannot be run", deck.pipeline.chunks),
                              "a rank carries out one stage", "try pipeline.chunks = 1"))});
  return finish_step(add_communication(drawn_schedule(deck)));
}

/// GPipe's first half.
schedule::Schedule evaluation_schedule(const deck::Deck& deck) {
  schedule::Schedule forward = schedule::gpipe(deck.grid.pipeline, deck.pipeline.microbatches);
  for (schedule::Row& row : forward.rows)
    std::erase_if(row, [](const schedule::Action& action) { return is_backward(action.kind); });
  return add_communication(forward);
}

bool holds(const passes::Stage& stage, const std::string& parameter) {
  return std::ranges::any_of(stage.graph.values, [&](const graph::Value& value) {
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
  Blueprint blueprint{.grid = grid_of(deck),
                      .rows = deck.train.batch / deck.pipeline.microbatches * deck.train.sequence,
                      .loss_rows = deck.train.loss_rows,
                      .training = training_schedule(deck),
                      .evaluation = evaluation_schedule(deck)};
  const graph::Graph graph = laid_out(deck, write(deck.model, deck.train.dtype), blueprint.grid);
  blueprint.cuts = cuts_of(deck, graph);
  blueprint.stages = passes::partition(graph, blueprint.cuts);
  blueprint.evaluation_stages = passes::partition(
      laid_out(deck, write(without_dropout(deck.model), deck.train.dtype), blueprint.grid), blueprint.cuts);
  schedule::verify(blueprint.training, deck.pipeline.lookahead);
  return blueprint;
}

passes::Program training_program(const Blueprint& blueprint, int stage) {
  passes::Program program = passes::differentiate(blueprint.stages[stage]);
  program.loss_rows = blueprint.loss_rows;
  const passes::Recomputed cheap = passes::cheap_nodes(program);
  return passes::rematerialize(std::move(program), cheap);
}

passes::Program evaluation_program(const Blueprint& blueprint, int stage) {
  passes::Program program = passes::forward_only(blueprint.evaluation_stages[stage]);
  program.loss_rows = blueprint.loss_rows;
  return program;
}

int first_rank(const Blueprint& blueprint, int stage) {
  maps::Coordinates place;
  place[maps::Axis::pipeline] = stage;
  return blueprint.grid.rank(place);
}

passes::Stage single_stage(const deck::Deck& deck, model::Head head) {
  return passes::partition(model::build(without_dropout(deck.model), head, deck.train.dtype), {}).front();
}

std::vector<int> holders(const std::vector<passes::Stage>& stages, const std::string& parameter) {
  std::vector<int> found;
  for (std::size_t i = 0; i < stages.size(); ++i)
    if (holds(stages[i], parameter)) found.push_back(static_cast<int>(i));
  return found;
}

namespace {

/// The parameters of a stage whose other holders satisfy `f`.
template <class F>
std::vector<std::string> shared(const std::vector<passes::Stage>& stages, int stage, F&& f) {
  std::vector<std::string> names;
  for (const graph::Value& value : stages[stage].graph.values) {
    if (value.role != graph::Role::parameter) continue;
    if (std::ranges::any_of(holders(stages, value.name), f)) names.push_back(value.name);
  }
  return names;
}

}  // namespace

std::vector<std::string> held_before(const std::vector<passes::Stage>& stages, int stage) {
  return shared(stages, stage, [&](int holder) { return holder < stage; });
}

std::vector<std::string> tied(const std::vector<passes::Stage>& stages, int stage) {
  return shared(stages, stage, [&](int holder) { return holder != stage; });
}

RankMemory memory_of(const Blueprint& blueprint, const deck::Deck& deck, int rank) {
  const int stage = blueprint.grid.coordinates(rank)[maps::Axis::pipeline];
  const auto plan = [&](const passes::Program& program, const schedule::Schedule& schedule) {
    return schedule::plan_memory({.program = program,
                                  .grid = blueprint.grid,
                                  .rank = rank,
                                  .rows = blueprint.rows,
                                  .row = schedule.rows[stage],
                                  .stage = stage,
                                  .microbatches = deck.pipeline.microbatches,
                                  .lookahead = deck.pipeline.lookahead});
  };
  RankMemory memory{plan(training_program(blueprint, stage), blueprint.training)};
  const std::int64_t evaluation =
      plan(evaluation_program(blueprint, stage), blueprint.evaluation).beside_parameters();
  if (evaluation > memory.training.spare()) memory.evaluation = evaluation;
  return memory;
}

}  // namespace heddle::app
