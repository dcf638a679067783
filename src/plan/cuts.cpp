#include "heddle/plan/cuts.hpp"

#include <algorithm>
#include <numeric>

#include "heddle/passes/balance.hpp"
#include "heddle/plan/recomputation.hpp"

namespace heddle::plan {
namespace {

/// The deck counts layers, the graph blocks: block 0 is the embedding, layer i is block i + 1.
std::vector<int> given_cuts(const deck::Deck& deck) {
  std::vector<int> cuts = deck.pipeline.cuts;
  for (int& cut : cuts) ++cut;
  return cuts;
}

/// A parameter that several blocks of a stage use counts once.
passes::StageWeight numbers_in_parameters(const graph::Graph& graph) {
  return [&graph, of_block = passes::block_parameters(graph)](int, int begin, int end) {
    std::set<graph::ValueId> used;
    for (int block = begin; block < end; ++block) used.insert(of_block[block].begin(), of_block[block].end());
    double numbers = 0;
    for (graph::ValueId id : used) numbers += static_cast<double>(graph[id].shape.count());
    return numbers;
  };
}

/// What a stage's rank does for it, as if the stage had this number.
schedule::Row row_of(const schedule::Schedule& schedule, int stage, int number) {
  schedule::Row row;
  for (schedule::Action action : schedule.rows[schedule.rank_of_stage[stage]])
    if (action.stage == stage) {
      action.stage = number;
      row.push_back(action);
    }
  return row;
}

}  // namespace

std::int64_t stage_bytes(const Plan& plan, const deck::Deck& deck, const graph::Graph& graph, int stage,
                         int begin, int end) {
  const int blocks = passes::block_count(graph), number = begin > 0 ? 1 : 0;
  std::vector<int> cuts;
  if (begin > 0) cuts.push_back(begin);
  if (end < blocks) cuts.push_back(end);
  const passes::Program program =
      training_program(passes::partition(graph, cuts)[number], plan.loss_rows,
                       std::vector<passes::Recompute>(blocks, recompute_of(deck.train.recompute)));
  const schedule::Row row = row_of(plan.training, stage, number);
  return schedule::plan_memory({.program = program,
                                .grid = plan.grid,
                                .rank = first_rank(plan, plan.training.rank_of_stage[stage]),
                                .rows = plan.rows,
                                .row = row,
                                .microbatches = deck.pipeline.microbatches,
                                .window = plan.training.window,
                                .lookahead = plan.lookahead,
                                .update = plan.update})
      .bytes;
}

std::vector<int> cuts_of(const Plan& plan, const deck::Deck& deck, const graph::Graph& graph) {
  if (!deck.pipeline.cuts.empty()) return given_cuts(deck);
  const int stages = plan.training.stages(), blocks = passes::block_count(graph);
  const auto by_effort = [&](passes::Effort effort) {
    return passes::balanced_cuts(passes::block_efforts(graph, effort, deck.train.sequence), stages);
  };
  switch (deck.pipeline.balance) {
    case deck::Balance::work: return by_effort(passes::Effort::work);
    case deck::Balance::flops: return by_effort(passes::Effort::flops);
    case deck::Balance::time: return passes::balanced_cuts(deck.cost.blocks, stages);
    case deck::Balance::parameters:
      return passes::balanced_cuts(blocks, by_effort(passes::Effort::work), numbers_in_parameters(graph));
    case deck::Balance::memory: break;
  }
  return passes::balanced_cuts(blocks, by_effort(passes::Effort::work), [&](int stage, int begin, int end) {
    return static_cast<double>(stage_bytes(plan, deck, graph, stage, begin, end));
  });
}

}  // namespace heddle::plan
