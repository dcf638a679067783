// The checks between keys. Each names the key that a person would change first, and numbers that would do.
#include "heddle/deck/check.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <tuple>

#include "checker.hpp"
#include "grid_ranks.hpp"
#include "heddle/deck/read.hpp"

namespace heddle::deck {
namespace {

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();

/// Products are compared with the limits as doubles, which round but do not overflow.
template <class... Sizes>
double product(Sizes... sizes) {
  return (1.0 * ... * static_cast<double>(sizes));
}

/// "2 or 3" for 6 and 4: the largest divisors of `n` up to `limit`, at most two.
std::string divisors(std::int64_t n, std::int64_t limit) {
  std::vector<std::int64_t> found;
  for (std::int64_t d = std::min(n, limit); d >= 1 && found.size() < 2; --d)
    if (n % d == 0 && (d > 1 || found.empty())) found.insert(found.begin(), d);
  return fmt::format("{}", fmt::join(found, " or "));
}

/// "8 or 12" for 10 and 4: the multiples of `unit` around `n`.
std::string multiples(std::int64_t n, std::int64_t unit) {
  const std::int64_t below = n / unit * unit;
  if (below == 0) return fmt::format("{}", unit);
  return below > most - unit ? fmt::format("{}", below) : fmt::format("{} or {}", below, below + unit);
}

}  // namespace

std::string position_of(const Deck& deck, const std::vector<std::string>& keys) {
  for (const std::string& key : keys)
    if (deck.positions.contains(key)) return deck.at(key);
  return deck.source.empty() ? "deck" : deck.source;
}

void Checker::report(const std::vector<std::string>& keys, const std::string& problem, const std::string& why,
                     const std::string& fix) {
  lines_.push_back(position_of(deck_, keys) + ": " + describe(problem, why, fix));
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
  report({"grid.order"},
         fmt::format("grid.order = [{}] does not name each axis once", fmt::join(words, ", ")),
         "it orders the axes from slowest to fastest", "try [\"data\", \"pipeline\", \"tensor\"]");
}

void Checker::rates_fit_steps() {
  const auto& [rates, steps] = std::tie(deck_.optimizer, deck_.train.steps);
  const bool falls = rates.schedule != RateSchedule::constant;
  if (rates.warmup > steps)
    report({"optimizer.warmup", "train.steps"},
           fmt::format("optimizer.warmup = {} is more than train.steps = {}", rates.warmup, steps),
           "the rate would never be reached", fmt::format("try optimizer.warmup = {}", steps / 10));
  if (falls && rates.final_rate > rates.rate)
    report({"optimizer.final_rate", "optimizer.rate"},
           fmt::format("optimizer.final_rate = {} is more than optimizer.rate = {}", rates.final_rate,
                       rates.rate),
           "the rate falls after warm-up", fmt::format("try optimizer.final_rate = {:.3g}", rates.rate / 10));
  if (rates.schedule == RateSchedule::cosine && rates.decay > 0 && rates.decay <= rates.warmup)
    report({"optimizer.decay", "optimizer.warmup"},
           fmt::format("optimizer.decay = {} is not after optimizer.warmup = {}", rates.decay, rates.warmup),
           "the cosine falls from the end of warm-up to step decay",
           "try optimizer.decay = 0, the last step");
  if (rates.schedule == RateSchedule::wsd && rates.decay > steps - std::min(steps, rates.warmup))
    report({"optimizer.decay", "optimizer.warmup", "train.steps"},
           fmt::format("optimizer.warmup = {} and optimizer.decay = {} are more than train.steps = {}",
                       rates.warmup, rates.decay, steps),
           "the final decay begins after warm-up", fmt::format("try optimizer.decay = {}", steps / 5));
}

void Checker::evaluation_has_data() {
  if (deck_.train.evaluate_every == 0 || deck_.data.held_out > 0) return;
  report({"train.evaluate_every", "data.held_out"},
         fmt::format("train.evaluate_every = {} has nothing to evaluate on", deck_.train.evaluate_every),
         "data.held_out = 0", "try data.held_out = 0.1");
}

void Checker::masters_fit_precision() {
  if (deck_.optimizer.masters == Masters::wide || deck_.train.precision == Precision::bf16) return;
  report({"optimizer.masters", "train.precision"},
         fmt::format("optimizer.masters = \"{}\" saves nothing, as train.precision = \"{}\"",
                     name(deck_.optimizer.masters), name(deck_.train.precision)),
         "only under bf16 products read other numbers than the masters", "try train.precision = \"bf16\"");
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
  const bool fits = deck_.train.recompute == Recompute::automatic, given = deck_.train.memory_limit_mib > 0;
  if (fits == given) return;
  if (fits)
    report({"train.recompute"}, "train.recompute = \"auto\" has no train.memory_limit_mib",
           "it recomputes as little as fits", "give the MiB that a rank may take");
  else
    report({"train.memory_limit_mib"},
           fmt::format("train.memory_limit_mib = {} limits nothing", deck_.train.memory_limit_mib),
           fmt::format("train.recompute = \"{}\"", name(deck_.train.recompute)),
           "try train.recompute = \"auto\"");
}

void Checker::sizes_fit_64_bits() {
  const auto& [model, grid, train] = std::tie(deck_.model, deck_.grid, deck_.train);
  constexpr double countable = static_cast<double>(most) / 64;  // leaves room for bytes, features and copies
  const double ranks = ranks_of(grid);
  if (ranks > std::numeric_limits<int>::max())
    report(keys_of_grid(), fmt::format("{} overflows", product_of_grid(grid)), "ranks are counted in 32 bits",
           "give a smaller grid");
  if (product(train.batch, train.sequence, std::max(4 * product(model.width), product(model.vocabulary))) >
      countable)
    report({"train.batch", "train.sequence", "model.width"},
           fmt::format("train.batch = {}, train.sequence = {} and model.width = {} overflow", train.batch,
                       train.sequence, model.width),
           "the bytes of a step are counted in 64 bits", "give smaller sizes");
  else if (product(train.steps, train.batch, train.sequence) > countable)
    report({"train.steps", "train.batch", "train.sequence"},
           fmt::format("train.steps = {}, train.batch = {} and train.sequence = {} overflow", train.steps,
                       train.batch, train.sequence),
           "the tokens of a run are counted in 64 bits", "give fewer steps");
  const double layers =
      product(model.layers, 12 * product(model.width, model.width) + 13 * product(model.width));
  if (layers + product(model.vocabulary, model.width) + product(model.context, model.width) > countable)
    report({"model.width", "model.layers", "model.vocabulary", "model.context"},
           fmt::format(
               "model.layers = {}, model.width = {}, model.context = {} and model.vocabulary = {} overflow",
               model.layers, model.width, model.context, model.vocabulary),
           "the bytes of a model are counted in 64 bits", "give smaller sizes");
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
  checker.evaluation_has_data();
  checker.masters_fit_precision();
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
