#include "heddle/plan/rows.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "heddle/plan/schedule_file.hpp"
#include "heddle/schedule/activations.hpp"
#include "heddle/schedule/generate.hpp"

namespace heddle::plan {
namespace {

using schedule::Schedule;

Schedule rows_of_file(const Options& options) {
  const deck::Pipeline& pipeline = options.pipeline;
  Schedule rows = schedule::schedule_of(cells_of_file(pipeline));
  const auto same = [&](std::vector<std::string> keys, int given, int has, const char* what) {
    if (given == has) return;
    const std::string& key = keys.front();
    throw KeyError(keys, fmt::format("{} = {} does not fit {}", key, given, pipeline.schedule),
                   fmt::format("its rows have {} {}", has, what), fmt::format("try {} = {}", key, has));
  };
  same({options.ranks_key}, pipeline.ranks, rows.ranks(), "ranks");
  same({"pipeline.microbatches"}, pipeline.microbatches, rows.microbatches, "microbatches");
  return rows;
}

Schedule generated(const Options& options, const schedule::Costs& costs) {
  const deck::Pipeline& pipeline = options.pipeline;
  return schedule::generate({.name = pipeline.schedule,
                             .ranks = pipeline.ranks,
                             .chunks = pipeline.chunks,
                             .microbatches = pipeline.microbatches,
                             .window = pipeline.window,
                             .memory_limit = pipeline.memory_limit,
                             .weight_memory = options.cost.weight_memory,
                             .costs = costs});
}

}  // namespace

Schedule rows_of(const Options& options, const schedule::Costs& costs) {
  const deck::Pipeline& pipeline = options.pipeline;
  Schedule rows = is_file(pipeline) ? rows_of_file(options) : generated(options, costs);
  if (pipeline.memory_limit == 0) return rows;
  if (const auto problem = schedule::over_memory(rows, pipeline.memory_limit, options.cost.weight_memory))
    throw KeyError(
        {"pipeline.memory_limit"}, problem->what, problem->why,
        fmt::format("try pipeline.memory_limit = {}, or pipeline.schedule = \"zb-auto\", which keeps to it",
                    schedule::least_limit(rows, options.cost.weight_memory)));
  return rows;
}

Schedule runnable_rows_of(const Options& options, const schedule::Costs& costs) {
  Schedule rows = rows_of(options, costs);
  for (const PipelineRank rank : first<PipelineRank>(rows.ranks()))
    if (std::ranges::count(rows.rank_of_stage, rank) == 0)
      throw KeyError({"pipeline.schedule"},
                     fmt::format("{} gives rank {} no stage", options.pipeline.schedule, rank),
                     "an idle rank can be drawn and simulated, and trains nothing",
                     "write a row for every rank that there is");
  for (const schedule::Row& row : rows.rows)
    for (const schedule::Action& action : row)
      if (action.slice > 0)
        throw KeyError({"pipeline.schedule"},
                       fmt::format("{} has {}, a token slice", options.pipeline.schedule, name(action)),
                       "slices can be drawn and simulated, and not be run yet",
                       "write whole microbatches, such as 0F0");
  return rows;
}

}  // namespace heddle::plan
