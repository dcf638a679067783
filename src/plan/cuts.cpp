#include "cuts.hpp"

#include <algorithm>
#include <numeric>

#include "heddle/passes/balance.hpp"
#include "recompute.hpp"

namespace heddle::plan {
namespace {

/// The deck counts layers, the graph blocks: block 0 is the embedding, layer i is block i + 1.
std::vector<int> given_cuts(const deck::Pipeline& pipeline) {
  std::vector<int> cuts = pipeline.cuts;
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

std::int64_t stage_bytes(Draft& draft, int stage, int begin, int end) {
  const int blocks = passes::block_count(draft.graph), number = begin > 0 ? 1 : 0;
  std::vector<int> cuts;
  if (begin > 0) cuts.push_back(begin);
  if (end < blocks) cuts.push_back(end);
  const passes::Program program =
      recomputing(differentiate(draft, passes::partition(draft.graph, cuts)[number]),
                  std::vector<passes::Recompute>(blocks, recompute_of(draft.options.train.recompute)));
  const schedule::Schedule& schedule = draft.training.schedule;
  return memory_plan(draft, draft.training, program, row_of(schedule, stage, number),
                     first_rank(draft.options.grid, schedule.rank_of_stage[stage]))
      .bytes;
}

std::vector<int> cuts_of(Draft& draft) {
  const deck::Pipeline& pipeline = draft.options.pipeline;
  if (!pipeline.cuts.empty()) return given_cuts(pipeline);
  const graph::Graph& graph = draft.graph;
  const int stages = draft.training.schedule.stages(), blocks = passes::block_count(graph);
  const auto by_effort = [&](passes::Effort effort) {
    return passes::balanced_cuts(passes::block_efforts(graph, effort, draft.options.train.sequence), stages);
  };
  switch (pipeline.balance) {
    case deck::Balance::work: return by_effort(passes::Effort::work);
    case deck::Balance::flops: return by_effort(passes::Effort::flops);
    case deck::Balance::time: return passes::balanced_cuts(draft.options.cost.blocks, stages);
    case deck::Balance::parameters:
      return passes::balanced_cuts(blocks, by_effort(passes::Effort::work), numbers_in_parameters(graph));
    case deck::Balance::memory: break;
  }
  return passes::balanced_cuts(blocks, by_effort(passes::Effort::work), [&](int stage, int begin, int end) {
    return static_cast<double>(stage_bytes(draft, stage, begin, end));
  });
}

}  // namespace heddle::plan
