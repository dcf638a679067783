// Keys that do nothing beside what others say.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "heddle/deck/check.hpp"
#include "keys.hpp"
#include "syntax.hpp"

namespace heddle::deck {
namespace {

/// `key` says nothing where `idle` is true of the deck, which follows from the key `because`.
struct Rule {
  Word key, because;
  bool (*idle)(const Deck&);
  Word why, use;  ///< why it is idle, and a value of `because` that makes use of it
};

using D = const Deck&;
constexpr std::array rules = {
    Rule{"pipeline.window", "pipeline.schedule", [](D d) { return d.pipeline.schedule != "dynamic"; },
         "the order of actions is decided while they run by one schedule only", "\"dynamic\""},
    Rule{"pipeline.balance", "pipeline.cuts", [](D d) { return !d.pipeline.cuts.empty(); },
         "the stages are cut where pipeline.cuts says", "[]"},
    Rule{"cost.blocks", "pipeline.balance", [](D d) { return d.pipeline.balance != Balance::time; },
         "stages are not balanced by time", "\"time\""},
    Rule{"data.seed", "data.order", [](D d) { return d.data.order == SampleOrder::sequential; },
         "samples are taken one after another", "\"random\""},
    Rule{"train.memory_limit_mib", "train.recompute",
         [](D d) { return d.train.recompute != Recompute::automatic; }, "only \"auto\" keeps to a limit",
         "\"auto\""},
    Rule{"train.evaluate_every", "data.held_out", [](D d) { return d.data.held_out == 0; },
         "there is nothing to evaluate on", "0.1"},
    Rule{"train.evaluate_windows", "data.held_out", [](D d) { return d.data.held_out == 0; },
         "there is nothing to evaluate on", "0.1"},
    Rule{"train.nan_limit", "train.on_nan", [](D d) { return d.train.on_nan == OnNan::stop; },
         "the run stops at the first", "\"skip\""},
    Rule{"output.asynchronous", "output.checkpoint_every", [](D d) { return d.output.checkpoint_every == 0; },
         "only the last checkpoint is written", "100"},
    Rule{"output.keep_best", "output.keep", [](D d) { return d.output.keep == 0; },
         "all checkpoints are kept", "2"},
    Rule{"output.keep_best", "data.held_out", [](D d) { return d.data.held_out == 0; },
         "there is nothing to evaluate on", "0.1"},
    Rule{"optimizer.final_rate", "optimizer.schedule",
         [](D d) { return d.optimizer.schedule == RateSchedule::constant; }, "the rate never falls",
         "\"cosine\""},
    Rule{"optimizer.decay", "optimizer.schedule",
         [](D d) { return d.optimizer.schedule == RateSchedule::constant; }, "the rate never falls",
         "\"wsd\""},
    Rule{"optimizer.masters", "train.precision", [](D d) { return d.train.precision != Precision::bf16; },
         "only under bf16 products read other numbers than the masters", "\"bf16\""},
};

/// Was it given or given up there?
bool is_overridden(const Deck& deck, Word key) {
  return std::ranges::any_of(deck.overrides,
                             [&](const std::string& one) { return split_override(one).name == key; });
}

/// A default says nothing, and a resolved deck has them all; measurements are of every kind.
bool is_given(const Deck& deck, const Key& key) {
  return deck.positions.contains(key.name) && key.print(deck) != key.print(Deck()) &&
         deck.at(key.name) != deck.cost.from;
}

std::string setting(const Deck& deck, Word key) {
  return fmt::format("{} = {}", key, for_message(find_key(key)->print(deck)));
}

std::string problem_of(const Deck& deck, const Rule& rule) {
  return fmt::format("{} does nothing, as {}", setting(deck, rule.key), setting(deck, rule.because));
}

}  // namespace

void leave_out_idle(Deck& deck, Purpose purpose) {
  std::vector<std::string> lines;
  std::set<Word> at_fault;
  for (const Rule& rule : rules) {
    const Key& key = *find_key(rule.key);
    const bool matters = rule.key.starts_with("pipeline.") || needs_model(deck, purpose);
    if (!matters || !is_given(deck, key) || !rule.idle(deck)) continue;
    const bool by_override = is_overridden(deck, rule.because) && !is_overridden(deck, rule.key);
    if (by_override) {
      deck.remarks.push_back(fmt::format("{}: {} ({})", deck.at(rule.key), problem_of(deck, rule), rule.why));
      set_default(deck, key);
    } else if (at_fault.insert(rule.because).second) {
      lines.push_back(deck.at(rule.key) + ": " +
                      describe(problem_of(deck, rule), std::string(rule.why),
                               fmt::format("leave it out, or try {} = {}", rule.because, rule.use)));
    }
  }
  if (!lines.empty()) throw DeckError(lines);
}

}  // namespace heddle::deck
