// From options to programs.
#include "draft.hpp"

#include <algorithm>

#include "cuts.hpp"
#include "heddle/passes/parallelize.hpp"
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
  const auto laid_out = [&](const deck::Model& model) {
    return passes::parallelize(write(model, options.train.dtype), options.grid, options.stream);
  };
  draft.graph = laid_out(options.model);
  draft.evaluation_graph = laid_out(without_dropout(options.model));
}

/// By pipeline rank: its programs before recomputation, and for evaluation.
void make_programs(Draft& draft) {
  const std::vector<int>& rank_of_stage = draft.training.schedule.rank_of_stage;
  for (const Share& share : passes::partition(draft.graph, draft.cuts, rank_of_stage))
    draft.training.programs.push_back(differentiate(draft, share));
  for (const Share& share : passes::partition(draft.evaluation_graph, draft.cuts, rank_of_stage)) {
    draft.evaluation.programs.push_back(passes::forward_only(share));
    draft.evaluation.programs.back().loss_rows = draft.options.train.loss_rows;
  }
}

}  // namespace

Draft draft_of(const Options& options, const ModelWriter& write) {
  Draft draft{.options = options};
  lay_out(draft, write);
  schedule_rows(draft);
  draft.cuts = cuts_of(draft);
  make_programs(draft);
  return draft;
}

passes::Program differentiate(Draft& draft, const Share& share) {
  ++draft.effort.differentiations;
  Program program = passes::differentiate(share);
  program.loss_rows = draft.options.train.loss_rows;
  return program;
}

schedule::MemoryPlan memory_plan(Draft& draft, const Execution& execution, const Program& program,
                                 const schedule::Row& row, int rank) {
  ++draft.effort.memory_plans;
  return schedule::plan_memory({.program = program,
                                .grid = draft.options.grid,
                                .rank = rank,
                                .rows = draft.options.rows(),
                                .row = row,
                                .microbatches = execution.schedule.microbatches,
                                .window = execution.schedule.window,
                                .lookahead = execution.lookahead,
                                .channel_capacity = execution.channel_capacity,
                                .update = draft.options.update});
}

schedule::MemoryPlan memory_plan(Draft& draft, const Execution& execution, const Program& program, int rank) {
  const int pipeline_rank = draft.options.grid.coordinates(rank)[maps::Axis::pipeline];
  return memory_plan(draft, execution, program, execution.schedule.rows[pipeline_rank], rank);
}

std::int64_t evaluation_bytes(const schedule::MemoryPlan& training, const schedule::MemoryPlan& evaluation) {
  const std::int64_t needed = evaluation.beside_parameters();
  return needed > training.spare() ? needed : 0;
}

}  // namespace heddle::plan
