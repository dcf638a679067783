#include "cuts.hpp"

#include <fmt/format.h>

#include "heddle/passes/balance.hpp"
#include "recompute.hpp"

namespace heddle::plan {
namespace {

/// The deck counts layers, the graph blocks.
std::vector<int> given_cuts(const deck::Pipeline& pipeline, const graph::Graph& graph) {
  const std::vector<graph::BlockId> layers = graph::blocks_of(graph, graph::Block::Kind::layer);
  std::vector<int> cuts;
  for (const int cut : pipeline.cuts) cuts.push_back(layers.at(static_cast<std::size_t>(cut)));
  return cuts;
}

void check_times(const Options& options, std::size_t blocks) {
  const std::size_t given = options.cost.blocks.size();
  if (options.pipeline.balance != deck::Balance::time || given == blocks) return;
  throw KeyError(
      {"cost.blocks", "cost.from", "pipeline.balance"}, fmt::format("cost.blocks has {} numbers", given),
      fmt::format("pipeline.balance = \"time\" needs one for each of {} blocks: embedding, layers, head",
                  blocks),
      fmt::format("measure them with `heddle bench DECK --json FILE` and give cost.from = FILE, or try {}",
                  given == 0 ? "pipeline.balance = \"work\"" : "cost.blocks = []"));
}

/// A parameter that several blocks of a stage use counts once.
passes::StageWeight numbers_in_parameters(const graph::Graph& graph) {
  return [&graph, of_block = passes::block_parameters(graph)](Stage, int begin, int end) {
    std::set<graph::ValueId> used;
    for (int block = begin; block < end; ++block) {
      const auto& of_this = of_block[graph::BlockId(block)];
      used.insert(of_this.begin(), of_this.end());
    }
    double numbers = 0;
    for (graph::ValueId id : used) numbers += static_cast<double>(graph[id].shape.count());
    return numbers;
  };
}

/// What a stage's rank does for it, as if the stage had this number.
schedule::Row row_of(const schedule::Schedule& schedule, Stage stage, Stage number) {
  schedule::Row row;
  for (schedule::Action action : schedule.rows[schedule.rank_of_stage[stage]])
    if (action.stage == stage) {
      action.stage = number;
      row.push_back(action);
    }
  return row;
}

}  // namespace

std::int64_t stage_bytes(Draft& draft, Stage stage, int begin, int end) {
  const int blocks = static_cast<int>(draft.graph.blocks.size());
  const Stage number(begin > 0 ? 1 : 0);
  std::vector<int> cuts;
  if (begin > 0) cuts.push_back(begin);
  if (end < blocks) cuts.push_back(end);
  const passes::Program program = recomputing(
      draft.options, differentiate(draft, passes::partition(draft.graph, cuts)[PipelineRank(int{number})]),
      ById<graph::BlockId, passes::Recompute>(blocks, recompute_of(draft.options.train.recompute)));
  const schedule::Schedule& schedule = draft.training.schedule;
  return memory_plan(draft, draft.training, program, row_of(schedule, stage, number),
                     first_rank(draft.options.grid, schedule.rank_of_stage[stage]))
      .bytes;
}

std::vector<int> cuts_of(Draft& draft) {
  const deck::Pipeline& pipeline = draft.options.pipeline;
  const graph::Graph& graph = draft.graph;
  check_times(draft.options, graph.blocks.size());
  if (!pipeline.cuts.empty()) return given_cuts(pipeline, graph);
  const int stages = draft.training.schedule.stages(), blocks = static_cast<int>(graph.blocks.size());
  const auto one_sample = graph::Extents::microbatch(1, draft.options.train.sequence);
  const auto by_effort = [&](passes::Effort effort) {
    return passes::balanced_cuts(passes::block_efforts(graph, effort, one_sample), stages);
  };
  switch (pipeline.balance) {
    case deck::Balance::work: return by_effort(passes::Effort::work);
    case deck::Balance::flops: return by_effort(passes::Effort::flops);
    case deck::Balance::time: return passes::balanced_cuts(draft.options.cost.blocks, stages);
    case deck::Balance::parameters:
      return passes::balanced_cuts(blocks, by_effort(passes::Effort::work), numbers_in_parameters(graph));
    case deck::Balance::memory: break;
  }
  return passes::balanced_cuts(blocks, by_effort(passes::Effort::work), [&](Stage stage, int begin, int end) {
    return static_cast<double>(stage_bytes(draft, stage, begin, end));
  });
}

}  // namespace heddle::plan
