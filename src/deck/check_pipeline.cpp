// The checks of what the ranks of a pipeline hold: stages, cuts and their costs.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>

#include "checker.hpp"
#include "heddle/deck/check.hpp"
#include "stage_costs.hpp"

namespace heddle::deck {
namespace {

constexpr std::int64_t most_layers = 4096;  // as model.layers has it

}  // namespace

void Checker::ranks_agree() {
  if (deck_.pipeline.ranks == deck_.grid.pipeline) return;
  report(
      {"pipeline.ranks", "grid.pipeline"},
      fmt::format("pipeline.ranks = {} is not grid.pipeline = {}", deck_.pipeline.ranks, deck_.grid.pipeline),
      "both are the ranks of a pipeline",
      fmt::format("give one of them, or try pipeline.ranks = {}", deck_.grid.pipeline));
}

void Checker::chunks_are_known() {
  const auto& pipeline = deck_.pipeline;
  const bool in_file = pipeline.schedule.starts_with(schedule_file);
  if (in_file == (pipeline.chunks == 0)) return;
  if (in_file)
    report({"pipeline.chunks"},
           fmt::format("pipeline.chunks = {} does not fit {}", pipeline.chunks, pipeline.schedule),
           "its rows say which rank holds which stages",
           "leave pipeline.chunks out, or try pipeline.chunks = 0");
  else
    report({"pipeline.chunks"},
           fmt::format("pipeline.chunks = 0 does not fit the schedule \"{}\"", pipeline.schedule),
           "a rank holds a stage at least", "try pipeline.chunks = 1");
}

void Checker::stages_outnumber_layers() {
  const int layers = deck_.model.layers, chunks = deck_.pipeline.chunks;
  const std::string why = "each stage needs a layer";
  if (deck_.pipeline.file_stages > 0)
    return report({"pipeline.schedule", "model.layers"},
                  fmt::format("{} has {} stages, more than model.layers = {}", deck_.pipeline.schedule,
                              deck_.stages(), layers),
                  why, fmt::format("try model.layers = {}", deck_.stages()));
  report({"grid.pipeline", "pipeline.ranks", "pipeline.chunks", "model.layers"},
         fmt::format("{}{} = {}{} is more than model.layers = {}", ranks_key(deck_),
                     chunks > 1 ? " * pipeline.chunks" : "", deck_.grid.pipeline,
                     chunks > 1 ? fmt::format(" * {}", chunks) : "", layers),
         why,
         chunks > layers
             ? fmt::format("try model.layers = {}", std::min<std::int64_t>(deck_.stages(), most_layers))
             : fmt::format("try {} = {}", ranks_key(deck_), layers / chunks));
}

void Checker::schedule_is_small() {
  constexpr std::int64_t cells = 1 << 20;
  const std::int64_t stages = deck_.stages(), microbatches = deck_.pipeline.microbatches;
  if (microbatches <= cells / stages) return;
  if (deck_.pipeline.file_stages > 0)
    return report({"pipeline.schedule"},
                  fmt::format("the {} stages and {} microbatches of {} are more than {}", stages,
                              microbatches, deck_.pipeline.schedule, cells),
                  "every rank holds the whole schedule", "give fewer of both");
  report({"pipeline.microbatches", "grid.pipeline", "pipeline.ranks", "pipeline.chunks"},
         fmt::format("{} * pipeline.chunks * pipeline.microbatches = {} * {} * {} is more than {}",
                     ranks_key(deck_), deck_.grid.pipeline, deck_.pipeline.chunks, microbatches, cells),
         "every rank holds the whole schedule",
         stages > cells ? fmt::format("try {} = {}", ranks_key(deck_), cells / deck_.pipeline.chunks)
                        : fmt::format("try pipeline.microbatches = {}", cells / stages));
}

void Checker::cuts_are_stages() {
  const auto& cuts = deck_.pipeline.cuts;
  if (cuts.empty()) return;
  const int layers = deck_.model.layers;
  const std::int64_t stages = deck_.stages();
  const bool in_file = deck_.pipeline.file_stages > 0;
  const std::string shown = fmt::format("pipeline.cuts = [{}]", fmt::join(cuts, ", "));
  const std::string why = "a cut is the first layer of each stage but the first";
  if (static_cast<std::int64_t>(cuts.size()) != stages - 1)
    report({"pipeline.cuts", "grid.pipeline"},
           fmt::format("{} makes {} stages, and {} {}", shown, cuts.size() + 1,
                       in_file ? deck_.pipeline.schedule + " has" : fmt::format("{} =", ranks_key(deck_)),
                       stages),
           why, fmt::format("give {} cuts, or try pipeline.cuts = [], to balance by cost", stages - 1));
  if (std::adjacent_find(cuts.begin(), cuts.end(), std::greater_equal<>()) != cuts.end())
    report({"pipeline.cuts"}, shown + " does not increase", why,
           "sort it, and give each layer once, or try pipeline.cuts = []");
  if (*std::max_element(cuts.begin(), cuts.end()) >= layers)
    report({"pipeline.cuts"}, fmt::format("{} goes beyond model.layers = {}", shown, layers), why,
           fmt::format("give layers below {}, or try pipeline.cuts = []", layers));
}

void Checker::costs_are_stages() {
  for (std::size_t i = 0; i < figure_count; ++i) {
    const auto figure = static_cast<Figure>(i);
    if (fits(deck_, figure)) continue;
    const std::string key = key_of(figure);
    report({key, "cost.from", "pipeline.chunks", "grid.pipeline"},
           fmt::format("{} has {} numbers", key, deck_.cost[figure].values.size()),
           fmt::format("there are {} {}", count(deck_, figure),
                       is_by_border(figure) ? "borders between stages" : "stages"),
           fmt::format("give {}, or try {} = {}", count(deck_, figure), key, deck_.cost[figure][0]));
  }
}

}  // namespace heddle::deck
