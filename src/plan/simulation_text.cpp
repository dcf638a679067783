// What a simulation found, for people and for programs.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "heddle/base/mebibytes.hpp"
#include "heddle/base/output_path.hpp"
#include "heddle/maps/grid.hpp"
#include "heddle/plan/simulation.hpp"

namespace heddle::plan {
namespace {

constexpr int most_rows = 16;  // of the table of ranks

std::vector<int> stages_of(const schedule::Schedule& schedule, PipelineRank rank) {
  std::vector<int> stages;
  for (const Stage stage : first<Stage>(schedule.stages()))
    if (schedule.rank_of_stage[stage] == rank) stages.push_back(stage);
  return stages;
}

std::string row(const Simulation& simulation, PipelineRank rank) {
  const schedule::RankTime& time = simulation.summary.ranks[rank];
  return fmt::format("{:<6}{:<14}{:>12.6g}{:>12.6g}{:>12.6g}{:>12.6g}{:>13.6g}\n", rank,
                     fmt::format("{}", fmt::join(stages_of(simulation.schedule, rank), " ")), time.begin,
                     time.end, time.busy, simulation.summary.idle_in_makespan(rank),
                     simulation.activations[rank]);
}

nlohmann::ordered_json object(const Simulation& simulation, PipelineRank rank) {
  const schedule::RankTime& time = simulation.summary.ranks[rank];
  return {{"rank", int{rank}},     {"stages", stages_of(simulation.schedule, rank)},
          {"begin_s", time.begin}, {"end_s", time.end},
          {"busy_s", time.busy},   {"peak_activations", simulation.activations[rank]}};
}

}  // namespace

std::string text(const Simulation& simulation, const Options& options) {
  const auto& [schedule, summary] = std::tie(simulation.schedule, simulation.summary);
  const auto fullest = std::ranges::max_element(simulation.activations);
  std::string text = fmt::format(
      "schedule       {}, {} ranks, {} stages, {} microbatches\n"
      "makespan       {:.6g} s, from the first action to the last\n"
      "busy           {:.6g} s of it, the mean of the ranks\n"
      "bubble         {:.2f} % of the largest span of a rank ({:.6g} s), {:.2f} % of the makespan\n"
      "activations    {:.6g} at the peak of rank {}, a stage's of one microbatch being 1\n"
      "in flight      {:.6g} MiB at the peak, over all links\n",
      options.pipeline.schedule, schedule.ranks(), schedule.stages(), schedule.microbatches, summary.makespan,
      summary.busy(), 100 * summary.bubble_of_span(), summary.largest_span,
      100 * summary.bubble_of_makespan(), *fullest, fullest - simulation.activations.begin(),
      mebibytes(simulation.bytes_in_flight));
  if (options.cost.load > 0)
    text += fmt::format("step           {:.6g} s, with what lies outside of all actions\n", simulation.step);
  if (simulation.tokens)
    text +=
        fmt::format("speed          {:.1f} tokens/s of {} ranks\n", *simulation.tokens, options.grid.size());
  if (schedule.ranks() > most_rows) return text + "every rank     in --json\n";
  text += fmt::format("\n{:<6}{:<14}{:>12}{:>12}{:>12}{:>12}{:>13}\n", "rank", "stages", "begin s", "end s",
                      "busy s", "idle s", "activations");
  for (const PipelineRank rank : first<PipelineRank>(schedule.ranks())) text += row(simulation, rank);
  return text;
}

std::string json(const Simulation& simulation, const Options& options, const std::string& deck) {
  const auto& [schedule, summary] = std::tie(simulation.schedule, simulation.summary);
  nlohmann::ordered_json all = {{"format", marks::simulation},
                                {"deck", deck},
                                {"schedule", options.pipeline.schedule},
                                {"pipeline_ranks", schedule.ranks()},
                                {"stages", schedule.stages()},
                                {"microbatches", schedule.microbatches},
                                {"makespan_s", summary.makespan},
                                {"busy_s", summary.busy()},
                                {"largest_span_s", summary.largest_span},
                                {"bubble_of_span", summary.bubble_of_span()},
                                {"bubble_of_makespan", summary.bubble_of_makespan()},
                                {"step_s", simulation.step},
                                {"peak_bytes_in_flight", simulation.bytes_in_flight},
                                {"tokens_per_s", nullptr},
                                {"ranks", nlohmann::ordered_json::array()}};
  if (simulation.tokens) all["tokens_per_s"] = *simulation.tokens;
  for (const PipelineRank rank : first<PipelineRank>(schedule.ranks()))
    all["ranks"].push_back(object(simulation, rank));
  return all.dump(1) + "\n";
}

}  // namespace heddle::plan
