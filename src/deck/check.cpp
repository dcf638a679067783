// The checks between keys. Each names the key that a person would change first, and numbers that would do.
#include "heddle/deck/check.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <tuple>

#include "stage_costs.hpp"

namespace heddle::deck {
namespace {

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();

/// Products are compared with the limits as doubles, which round but do not overflow.
template <class... Sizes>
double product(Sizes... sizes) {
  return (1.0 * ... * static_cast<double>(sizes));
}

class Checker {
 public:
  explicit Checker(const Deck& deck) : deck_(deck) {}

  void grid_fits_model();
  void batch_divides();
  void cuts_are_stages();
  void order_is_permutation();
  void rates_fit_steps();
  void evaluation_has_data();
  void recomputation_has_limit();
  void balance_has_times();
  void ranks_agree();
  void costs_are_stages();
  void schedule_is_small();
  void sizes_fit_64_bits();
  void throw_if_any() const {
    if (!lines_.empty()) throw DeckError(lines_);
  }

  /// `keys` are those at fault, the first given one of which names the position.
  void report(std::initializer_list<std::string_view> keys, const std::string& problem,
              const std::string& why, const std::string& fix) {
    std::string position = deck_.source.empty() ? "deck" : deck_.source;
    for (auto key : keys) {
      if (deck_.at(key) == "default") continue;
      position = deck_.at(key);
      break;
    }
    lines_.push_back(position + ": " + describe(problem, why, fix));
  }

 private:
  const Deck& deck_;
  std::vector<std::string> lines_;
};

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
  const int chunks = deck_.pipeline.chunks;
  if (std::int64_t{grid.pipeline} * chunks > model.layers)
    report({"grid.pipeline", "pipeline.chunks", "model.layers"},
           fmt::format("grid.pipeline{} = {}{} is more than model.layers = {}",
                       chunks > 1 ? " * pipeline.chunks" : "", grid.pipeline,
                       chunks > 1 ? fmt::format(" * {}", chunks) : "", model.layers),
           "each stage needs a layer",
           fmt::format("try grid.pipeline = {}", std::max(model.layers / chunks, 1)));
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

void Checker::cuts_are_stages() {
  const auto& cuts = deck_.pipeline.cuts;
  if (cuts.empty()) return;
  const int layers = deck_.model.layers;
  const std::int64_t stages = std::int64_t{deck_.grid.pipeline} * deck_.pipeline.chunks;
  const std::string shown = fmt::format("pipeline.cuts = [{}]", fmt::join(cuts, ", "));
  const std::string why = "a cut is the first layer of each stage but the first";
  if (static_cast<std::int64_t>(cuts.size()) != stages - 1)
    report({"pipeline.cuts", "grid.pipeline"},
           fmt::format("{} makes {} stages, and grid.pipeline = {}", shown, cuts.size() + 1, stages), why,
           fmt::format("give {} cuts, or [] to balance by cost", stages - 1));
  if (std::adjacent_find(cuts.begin(), cuts.end(), std::greater_equal<>()) != cuts.end())
    report({"pipeline.cuts"}, shown + " does not increase", why, "sort it, and give each layer once");
  if (*std::max_element(cuts.begin(), cuts.end()) >= layers)
    report({"pipeline.cuts"}, fmt::format("{} goes beyond model.layers = {}", shown, layers), why,
           fmt::format("give layers below {}", layers));
}

void Checker::order_is_permutation() {
  auto sorted = deck_.grid.order;
  std::sort(sorted.begin(), sorted.end());
  if (sorted == Grid{}.order) return;
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

void Checker::ranks_agree() {
  if (deck_.pipeline.ranks == deck_.grid.pipeline) return;
  report(
      {"pipeline.ranks", "grid.pipeline"},
      fmt::format("pipeline.ranks = {} is not grid.pipeline = {}", deck_.pipeline.ranks, deck_.grid.pipeline),
      "both are the ranks of a pipeline", "give one of them");
}

void Checker::costs_are_stages() {
  for (const StageFigures& one : stage_figures()) {
    const std::size_t size = (deck_.cost.*one.figures).values.size();
    if (!fits(deck_, one))
      report({one.key, "cost.from", "pipeline.chunks", "grid.pipeline"},
             fmt::format("{} has {} numbers", one.key, size),
             fmt::format("there are {} {}", count(deck_, one), one.of),
             fmt::format("give one, or {}", count(deck_, one)));
  }
}

void Checker::balance_has_times() {
  const std::size_t given = deck_.cost.blocks.size(),
                    blocks = static_cast<std::size_t>(deck_.model.layers) + 2;
  if (deck_.pipeline.balance != Balance::time || given == blocks) return;
  report({"cost.blocks", "cost.from", "pipeline.balance"}, fmt::format("cost.blocks has {} numbers", given),
         fmt::format("pipeline.balance = \"time\" needs one for each of {} blocks: embedding, layers, head",
                     blocks),
         "measure them with `heddle bench DECK --json FILE` and give cost.from = FILE");
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

void Checker::schedule_is_small() {
  constexpr std::int64_t cells = 1 << 20;
  const std::int64_t stages = std::int64_t{deck_.grid.pipeline} * deck_.pipeline.chunks,
                     microbatches = deck_.pipeline.microbatches;
  if (microbatches <= cells / stages) return;
  report({"pipeline.microbatches", "grid.pipeline", "pipeline.ranks", "pipeline.chunks"},
         fmt::format("grid.pipeline * pipeline.chunks * pipeline.microbatches = {} * {} * {} is more than {}",
                     deck_.grid.pipeline, deck_.pipeline.chunks, microbatches, cells),
         "every rank holds the whole schedule",
         fmt::format("give at most {} microbatches", std::max<std::int64_t>(cells / stages, 1)));
}

void Checker::sizes_fit_64_bits() {
  const auto& [model, grid, train] = std::tie(deck_.model, deck_.grid, deck_.train);
  constexpr double countable = static_cast<double>(most) / 64;  // leaves room for bytes, features and copies
  if (product(grid.data, grid.pipeline, grid.tensor) > std::numeric_limits<int>::max())
    report({"grid.data", "grid.pipeline", "grid.tensor"},
           fmt::format("grid.data * grid.pipeline * grid.tensor = {} * {} * {} overflows", grid.data,
                       grid.pipeline, grid.tensor),
           "ranks are counted in 32 bits", "give a smaller grid");
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

}  // namespace

void check(const Deck& deck, Purpose purpose) {
  Checker checker(deck);
  checker.ranks_agree();
  checker.schedule_is_small();
  checker.costs_are_stages();
  if (!needs_model(deck, purpose)) return checker.throw_if_any();
  checker.grid_fits_model();
  checker.batch_divides();
  checker.cuts_are_stages();
  checker.order_is_permutation();
  checker.rates_fit_steps();
  checker.evaluation_has_data();
  checker.recomputation_has_limit();
  checker.balance_has_times();
  checker.sizes_fit_64_bits();
  checker.throw_if_any();
}

void check_ranks(const Deck& deck, int ranks) {
  const auto& grid = deck.grid;
  const std::int64_t places = std::int64_t{grid.data} * grid.pipeline * grid.tensor;
  if (places == ranks) return;
  const std::int64_t replica = std::int64_t{grid.pipeline} * grid.tensor;
  std::string fix = fmt::format("start {} {}", places, places == 1 ? "rank" : "ranks");
  if (ranks % replica == 0) fix += fmt::format(", or set grid.data = {}", ranks / replica);
  Checker checker(deck);
  checker.report(
      {"grid.data", "grid.pipeline", "grid.tensor"},
      fmt::format(
          "grid.data * grid.pipeline * grid.tensor = {} * {} * {} = {} is not the number of ranks, {}",
          grid.data, grid.pipeline, grid.tensor, places, ranks),
      "each rank has one place on the grid", fix);
  checker.throw_if_any();
}

}  // namespace heddle::deck
