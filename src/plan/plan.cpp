// The plan, step by step.
#include "heddle/plan/plan.hpp"

#include <algorithm>

#include "draft.hpp"
#include "heddle/build_info.hpp"
#include "heddle/model/build.hpp"
#include "heddle/passes/epilogues.hpp"
#include "heddle/passes/loss_tail.hpp"
#include "heddle/passes/number_types.hpp"
#include "recompute.hpp"

namespace heddle::plan {
namespace {

using passes::Program;

RankClasses classes_of(const Options& options, const Execution& training, const Execution& evaluation) {
  std::vector<const graph::Graph*> graphs;
  for (const Execution* one : {&training, &evaluation})
    for (const Program& program : one->programs) graphs.push_back(&program.graph);
  return {options.grid, graphs, options.extents()};
}

void plan_ranks(Draft& draft, Execution& execution, const RankClasses& classes) {
  const Options& options = draft.options;
  for (int index = 0; index < classes.count(); ++index) {
    const Rank rank = classes.first_rank(index);
    const Program& program = execution.programs[pipeline_rank_of(options.grid, rank)];
    schedule::MemoryPlan memory = memory_plan(draft, execution, program, rank);
    std::vector<schedule::Bucket> buckets = schedule::buckets(program, memory, options.bucketing);
    execution.ranks.push_back(
        {.memory = std::move(memory),
         .loss_chunks = passes::loss_chunks(program, options.grid, rank, options.extents()),
         .buckets = std::move(buckets)});
  }
}

}  // namespace

graph::Graph family(const deck::Model& model, DType dtype) {
  return model::build(model, model::Head::loss, dtype);
}

Plan make(const Options& options, const ModelWriter& write) {
  Draft draft = draft_of(options, write);
  ById<graph::BlockId, passes::Recompute> recompute = recompute_in(draft);
  RankClasses classes = classes_of(options, draft.training, draft.evaluation);
  plan_ranks(draft, draft.training, classes);
  plan_ranks(draft, draft.evaluation, classes);
  return {.options = options,
          .cuts = std::move(draft.cuts),
          .recompute = std::move(recompute),
          .ties = std::move(draft.ties),
          .classes = std::move(classes),
          .training = std::move(draft.training),
          .evaluation = std::move(draft.evaluation),
          .count = model::count(options.model, options.train.batch, options.train.sequence, draft.graph),
          .effort = draft.effort};
}

Plan for_inference(const deck::Model& model, Precision precision) {
  Options options;
  options.model = model;
  options.model.dropout = 0;
  options.train.precision = precision;
  options.train.batch = 1;
  options.train.sequence = model.context;
  options.attention = build_info::attention;
  options.fuses = build_info::fuses;
  Draft draft{.options = options};
  draft.evaluation.schedule = {{{{schedule::ActionKind::forward, Stage(0), 0}}}, {PipelineRank(0)}, 1};
  graph::Graph graph =
      passes::with_types(model::build(options.model, model::Head::logits, master_type(precision)), precision,
                         passes::Masters::none);
  if (options.fuses) graph = passes::with_biases_in_products(std::move(graph));
  draft.evaluation.programs = {fused(options, passes::forward_only(passes::partition(graph, {}).front()))};
  RankClasses classes = classes_of(options, {}, draft.evaluation);
  plan_ranks(draft, draft.evaluation, classes);
  return {.options = options,
          .cuts = {},
          .recompute = {},
          .ties = {},
          .classes = std::move(classes),
          .training = {},
          .evaluation = std::move(draft.evaluation),
          .count = {},
          .effort = draft.effort};
}

RankMemory Plan::memory(Rank rank) const {
  const schedule::MemoryPlan& mine = of(training, rank).memory;
  return {mine, evaluation_bytes(mine, of(evaluation, rank).memory), options.rooms};
}

std::vector<Stage> Plan::stages(PipelineRank pipeline_rank) const {
  std::vector<Stage> held;
  for (const passes::Border& border : program(pipeline_rank).borders) held.push_back(border.stage);
  return held;
}

std::set<maps::AxisSet> axis_sets(const Plan& plan) {
  std::set<maps::AxisSet> sets = {maps::AxisSet(maps::Axis::pipeline), maps::within_stage};
  for (const Execution* execution : {&plan.training, &plan.evaluation})
    for (const Program& program : execution->programs)
      for (const graph::Node& node : program.graph.nodes)
        if (const auto* map = std::get_if<maps::Map>(&node.attributes)) sets.insert(map->axes);
  return sets;
}

PipelineRank pipeline_rank_of(const maps::Grid& grid, Rank rank) {
  return PipelineRank(grid.coordinates(rank)[maps::Axis::pipeline]);
}

Rank first_rank(const maps::Grid& grid, PipelineRank pipeline_rank) {
  maps::Coordinates place;
  place[maps::Axis::pipeline] = pipeline_rank;
  return grid.rank(place);
}

std::vector<std::string> held_before(const Plan& plan, PipelineRank pipeline_rank) {
  std::vector<std::string> names;
  for (const Tie& tie : plan.ties)
    if (tie.holders.front() < pipeline_rank && std::ranges::count(tie.holders, pipeline_rank) > 0)
      names.push_back(tie.parameter);
  return names;
}

}  // namespace heddle::plan
