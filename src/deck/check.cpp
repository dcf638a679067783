// The checks between keys. Each names the key that a person would change first, and numbers that would do.
#include "heddle/deck/check.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <set>
#include <tuple>

#include "checker.hpp"
#include "heddle/deck/read.hpp"

namespace heddle::deck {
namespace {

/// "2 or 3" for 6 and 4: the largest divisors of `n` up to `limit`, at most two.
std::string divisors(std::int64_t n, std::int64_t limit) {
  std::set<std::int64_t> found;
  for (std::int64_t d = 1; d <= n / d; ++d)
    if (n % d == 0) found.insert({d, n / d});
  found.erase(found.upper_bound(limit), found.end());
  if (found.size() > 1) found.erase(1);
  while (found.size() > 2) found.erase(found.begin());
  return fmt::format("{}", fmt::join(found, " or "));
}

/// "8 or 12" for 10 and 4: the multiples of `unit` around `n`.
std::string multiples(std::int64_t n, std::int64_t unit) {
  const std::int64_t below = n / unit * unit;
  if (below == 0) return fmt::format("{}", unit);
  return below > std::numeric_limits<std::int64_t>::max() - unit
             ? fmt::format("{}", below)
             : fmt::format("{} or {}", below, below + unit);
}

}  // namespace

const char* ranks_key(const Deck& deck) {
  return deck.positions.contains("grid.pipeline") || !deck.positions.contains("pipeline.ranks")
             ? "grid.pipeline"
             : "pipeline.ranks";
}

std::string position_of(const Deck& deck, const std::vector<std::string>& keys) {
  for (const std::string& key : keys)
    if (deck.positions.contains(key)) return deck.at(key);
  return deck.source.empty() ? "deck" : deck.source;
}

void Checker::report(const std::vector<std::string>& keys, const std::string& problem, const std::string& why,
                     const std::string& fix) {
  bool is_news = true;
  for (const std::string& key : keys)
    if (deck_.positions.contains(key)) is_news = at_fault_.insert(key).second && is_news;
  if (is_news) lines_.push_back(position_of(deck_, keys) + ": " + describe(problem, why, fix));
}

void Checker::grid_fits_model() {
  const auto& [model, grid] = std::tie(deck_.model, deck_.grid);
  if (model.heads % grid.tensor != 0)
    report({"model.heads", "grid.tensor"},
           fmt::format("model.heads = {} is not a multiple of grid.tensor = {}", model.heads, grid.tensor),
           "each rank holds whole heads", "try grid.tensor = " + divisors(model.heads, grid.tensor));
  if (model.width % model.heads != 0)
    report({"model.width", "model.heads"},
           fmt::format("model.width = {} is not a multiple of model.heads = {}", model.width, model.heads),
           "each head takes width / heads numbers",
           "try model.width = " + multiples(model.width, model.heads));
  if (deck_.stages() > model.layers) stages_outnumber_layers();
  if (model.vocabulary < grid.tensor)
    report({"model.vocabulary", "grid.tensor"},
           fmt::format("model.vocabulary = {} is less than grid.tensor = {}", model.vocabulary, grid.tensor),
           "each rank holds part of the vocabulary", fmt::format("try grid.tensor = {}", model.vocabulary));
  if (deck_.train.sequence > model.context)
    report({"train.sequence", "model.context"},
           fmt::format("train.sequence = {} is more than model.context = {}", deck_.train.sequence,
                       model.context),
           "the model has no positions beyond its context",
           fmt::format("try train.sequence = {}", model.context));
}

void Checker::batch_divides() {
  const std::int64_t parts = std::int64_t{deck_.grid.data} * deck_.pipeline.microbatches;
  if (deck_.train.batch % parts == 0) return;
  report({"train.batch", "pipeline.microbatches", "grid.data"},
         fmt::format("train.batch = {} is not a multiple of grid.data * pipeline.microbatches = {} * {}",
                     deck_.train.batch, deck_.grid.data, deck_.pipeline.microbatches),
         "all microbatches have the same number of samples",
         "try train.batch = " + multiples(deck_.train.batch, parts));
}

void Checker::order_is_permutation() {
  const auto names_it_well = [&](Axis axis) {
    const auto times = std::ranges::count(deck_.grid.order, axis);
    return times == 1 || (times == 0 && deck_.grid.extent(axis) == 1);
  };
  if (std::ranges::all_of(all_axes, names_it_well)) return;
  std::vector<std::string> words;
  for (auto axis : deck_.grid.order) words.push_back(fmt::format("\"{}\"", name(axis)));
  report(
      {"grid.order"}, fmt::format("grid.order = [{}] does not name each axis once", fmt::join(words, ", ")),
      "it orders the axes from slowest to fastest", "try grid.order = [\"data\", \"pipeline\", \"tensor\"]");
}

void Checker::moments_fit_precision() {
  if (deck_.optimizer.moments == Width::wide || deck_.train.precision != Precision::fp64) return;
  report({"optimizer.moments", "train.precision"},
         "optimizer.moments = \"bf16\" saves precision that train.precision = \"fp64\" asks for",
         "moments in bf16 are of fp32 parameters", "try optimizer.moments = \"wide\"");
}

void Checker::gradients_fit_precision() {
  if (deck_.comm.gradients == Width::wide || deck_.train.precision != Precision::fp64) return;
  report({"comm.gradients", "train.precision"},
         "comm.gradients = \"bf16\" loses precision that train.precision = \"fp64\" asks for",
         "only fp32 gradients are sent as bf16", "try comm.gradients = \"wide\"");
}

void Checker::recomputation_has_limit() {
  if (deck_.train.recompute != Recompute::automatic || deck_.train.memory_limit_mib > 0) return;
  report({"train.recompute"}, "train.recompute = \"auto\" has no train.memory_limit_mib",
         "it recomputes as little as fits",
         "give the MiB that a rank may take, or try train.recompute = \"full\"");
}

void check(const Deck& deck, Purpose purpose) {
  Checker checker(deck);
  checker.ranks_agree();
  checker.chunks_are_known();
  if (deck.stages() == 0) checker.throw_if_any();
  checker.schedule_is_small();
  checker.costs_are_stages();
  if (!needs_model(deck, purpose)) return checker.throw_if_any();
  checker.grid_fits_model();
  checker.batch_divides();
  checker.cuts_are_stages();
  checker.order_is_permutation();
  checker.rates_fit_steps();
  checker.numbers_fit_precision();
  checker.moments_fit_precision();
  checker.gradients_fit_precision();
  checker.recomputation_has_limit();
  checker.sizes_fit_64_bits();
  checker.throw_if_any();
}

bool needs_model(const Deck& deck, Purpose purpose) {
  const bool has_machine = !deck.cost.machine.empty() || deck.machine != Machine();
  return purpose == Purpose::training || (purpose == Purpose::simulation && has_machine);
}

}  // namespace heddle::deck
