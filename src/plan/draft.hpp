// A plan in the making: what its steps hand to one another.
#pragma once

#include "heddle/plan/plan.hpp"

namespace heddle::plan {

struct Draft {
  const Options& options;
  Execution training = {}, evaluation = {};
  graph::Graph graph = {}, evaluation_graph = {};  ///< laid over the grid, not yet cut
  std::vector<int> cuts = {};
  std::vector<Tie> ties = {};
  Effort effort = {};
};

/// Built, laid over the grid, scheduled, cut and differentiated; nothing is recomputed yet. The options
/// must outlive it.
Draft draft_of(const Options& options, const ModelWriter& write);

/// With the end of the step. The ties of the draft are those of `pipeline_rank`'s program too.
passes::Program differentiate(Draft& draft, const passes::Share& share, PipelineRank pipeline_rank = {});

/// With nodes joined where the options say so. No pass takes what comes of it.
passes::Program fused(const Options& options, passes::Program program);

/// What a row takes on a rank: the one place where a memory plan's input is put together.
schedule::MemoryPlan memory_plan(Draft& draft, const Execution& execution, const passes::Program& program,
                                 const schedule::Row& row, Rank rank);
/// The same for the program and the row of the rank's pipeline rank.
schedule::MemoryPlan memory_plan(Draft& draft, const Execution& execution, const passes::Program& program,
                                 Rank rank);

/// Bytes that evaluation takes beside training; see RankMemory.
std::int64_t evaluation_bytes(const schedule::MemoryPlan& training, const schedule::MemoryPlan& evaluation);

}  // namespace heddle::plan
