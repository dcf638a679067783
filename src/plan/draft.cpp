// From options to programs.
#include "draft.hpp"

#include <algorithm>
#include <set>

#include "cuts.hpp"
#include "heddle/passes/epilogues.hpp"
#include "heddle/passes/number_types.hpp"
#include "heddle/passes/parallelize.hpp"
#include "heddle/passes/residual_norms.hpp"
#include "heddle/plan/costs.hpp"
#include "heddle/plan/rows.hpp"
#include "heddle/schedule/communication.hpp"
#include "heddle/schedule/lookahead.hpp"
#include "heddle/schedule/verify.hpp"

namespace heddle::plan {
namespace {

using passes::Program;
using passes::Share;

deck::Model without_dropout(deck::Model model) {
  model.dropout = 0;
  return model;
}

/// The forward passes of training, in their order.
schedule::Schedule evaluation_rows(schedule::Schedule training) {
  training.window = 1;
  for (schedule::Row& row : training.rows)
    std::erase_if(
        row, [](const schedule::Action& action) { return action.kind != schedule::ActionKind::forward; });
  return add_communication(training);
}

void schedule_rows(Draft& draft) {
  const schedule::Costs costs = costs_of(draft.options);
  draft.training.schedule = lower(runnable_rows_of(draft.options, costs));
  draft.evaluation.schedule = evaluation_rows(draft.training.schedule);
  int lookahead = draft.options.pipeline.lookahead;
  for (const Execution* one : {&draft.training, &draft.evaluation})
    lookahead = ample_lookahead(one->schedule, costs, lookahead);
  draft.training.lookahead = draft.evaluation.lookahead = lookahead;
  schedule::verify(draft.training.schedule, lookahead);
}

void lay_out(Draft& draft, const ModelWriter& write) {
  const Options& options = draft.options;
  const Precision precision = options.train.precision;
  const auto laid_out = [&](const deck::Model& model) {
    const graph::Graph one = write(model, master_type(precision));
    graph::Graph typed = passes::with_types(passes::parallelize(one, options.grid, options.stream), precision,
                                            options.masters);
    return options.fuses ? passes::with_biases_in_products(std::move(typed)) : typed;
  };
  draft.graph = laid_out(options.model);
  draft.evaluation_graph = laid_out(without_dropout(options.model));
}

std::set<std::string> parameters_of(const Share& share) {
  std::set<std::string> names;
  for (const graph::Value& value : share.graph.values)
    if (value.role == graph::Role::parameter) names.insert(value.name);
  return names;
}

/// In the order in which the pipeline's ranks, one after the other, have them.
std::vector<Tie> ties_of(const ById<PipelineRank, Share>& shares) {
  ById<PipelineRank, std::set<std::string>> held;
  for (const Share& share : shares) held.push_back(parameters_of(share));
  std::vector<Tie> ties;
  for (const Share& share : shares)
    for (const graph::Value& value : share.graph.values) {
      if (value.role != graph::Role::parameter || std::ranges::count(ties, value.name, &Tie::parameter))
        continue;
      Tie tie{value.name, {}};
      for (const PipelineRank rank : held.ids())
        if (held[rank].contains(value.name)) tie.holders.push_back(rank);
      if (tie.holders.size() > 1) ties.push_back(std::move(tie));
    }
  return ties;
}

/// By pipeline rank: its programs before recomputation, and for evaluation.
void make_programs(Draft& draft) {
  const ById<Stage, PipelineRank>& rank_of_stage = draft.training.schedule.rank_of_stage;
  const ById<PipelineRank, Share> shares = passes::partition(draft.graph, draft.cuts, rank_of_stage);
  draft.ties = ties_of(shares);
  for (const PipelineRank rank : shares.ids())
    draft.training.programs.push_back(differentiate(draft, shares[rank], rank));
  for (const Share& share : passes::partition(draft.evaluation_graph, draft.cuts, rank_of_stage)) {
    draft.evaluation.programs.push_back(fused(draft.options, passes::forward_only(share)));
    draft.evaluation.programs.back().loss_rows = draft.options.train.loss_rows;
  }
}

void order_calls(Execution& execution) {
  const schedule::Schedule& rows = execution.schedule;
  execution.calls =
      schedule::call_order(rows, schedule::group_calls(rows, execution.programs), execution.lookahead);
}

}  // namespace

Draft draft_of(const Options& options, const ModelWriter& write) {
  Draft draft{.options = options};
  lay_out(draft, write);
  schedule_rows(draft);
  draft.cuts = cuts_of(draft);
  make_programs(draft);
  for (Execution* one : {&draft.training, &draft.evaluation}) order_calls(*one);
  return draft;
}

passes::Program differentiate(Draft& draft, const Share& share, PipelineRank pipeline_rank) {
  ++draft.effort.differentiations;
  const bool one_steps = draft.options.pipeline.tied == deck::Tied::transmit;
  Program program = passes::with_step_end(
      passes::differentiate(share), {.update = draft.options.update,
                                     .tying = one_steps ? passes::Tying::transmit : passes::Tying::replicate,
                                     .ties = draft.ties,
                                     .narrow_moments = draft.options.narrow_moments,
                                     .remainders = draft.options.masters == passes::Masters::remainder,
                                     .pipeline_rank = pipeline_rank});
  program.loss_rows = draft.options.train.loss_rows;
  return program;
}

Program fused(const Options& options, Program program) {
  if (!options.fuses) return program;
  return passes::with_residual_norms(passes::with_gelu_slopes_in_products(std::move(program)));
}

schedule::MemoryPlan memory_plan(Draft& draft, const Execution& execution, const Program& program,
                                 const schedule::Row& row, Rank rank) {
  ++draft.effort.memory_plans;
  return schedule::plan_memory({.program = program,
                                .grid = draft.options.grid,
                                .rank = rank,
                                .extents = draft.options.extents(),
                                .row = row,
                                .microbatches = execution.schedule.microbatches,
                                .window = execution.schedule.window,
                                .lookahead = execution.lookahead,
                                .channel_capacity = execution.channel_capacity,
                                .attention = draft.options.attention,
                                .table_multiple = draft.options.table_multiple});
}

schedule::MemoryPlan memory_plan(Draft& draft, const Execution& execution, const Program& program,
                                 Rank rank) {
  const PipelineRank pipeline_rank = pipeline_rank_of(draft.options.grid, rank);
  return memory_plan(draft, execution, program, execution.schedule.rows[pipeline_rank], rank);
}

std::int64_t evaluation_bytes(const schedule::MemoryPlan& training, const schedule::MemoryPlan& evaluation) {
  const std::int64_t needed = evaluation.beside_parameters();
  return needed > training.spare() ? needed : 0;
}

}  // namespace heddle::plan
