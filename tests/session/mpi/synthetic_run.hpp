// A small GPT trained on made-up tokens: what a layout must not change.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "heddle/data/sampler.hpp"
#include "heddle/plan/from_deck.hpp"
#include "heddle/session/session.hpp"
#include "support/checked_deck.hpp"
#include "support/lane.hpp"
#include "support/mpi_world.hpp"

namespace heddle::tests {

inline constexpr const char* small_gpt = R"(
[model]
layers = 8
heads = 4
width = 32
context = 16
vocabulary = 257
dropout = 0.1
[train]
steps = 20
batch = 64
precision = "fp64"
[optimizer]
rate = 1e-3
warmup = 4
clip = 0.25
)";

inline deck::Deck small_deck(const std::vector<std::string>& overrides) {
  return checked_deck(small_gpt, overrides);
}

/// Samples [first, first + count) of one batch that every step learns anew, so that the loss falls and
/// depends on every update. Token 0 is among them.
inline data::Batch made_up_batch(const deck::Deck& deck, std::int64_t first, std::int64_t count) {
  return data::made_up_batch(deck.model.vocabulary, deck.train.sequence, first, count);
}

/// A trainer with all that must outlive it.
struct Training {
  explicit Training(const deck::Deck& the_deck)
      : deck(the_deck),
        plan(plan::make(deck)),
        trainer(session::options_of(deck), plan, world().all(), clock, lane()),
        batch(made_up_batch(deck, trainer.first_sample(), trainer.sample_count())) {}

  deck::Deck deck;
  plan::Plan plan;
  exec::Clock clock;
  session::Trainer trainer;
  data::Batch batch;
};

/// What a training run comes to. Equal on every rank but for the parameters, which are those that
/// this rank holds.
struct Outcome {
  std::vector<double> losses;
  double gradient_norm = 0;  ///< of the last step
  double evaluation = 0;     ///< loss of the same batch after the last step, without dropout
  std::vector<std::byte> parameters = {};

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

inline std::vector<std::byte> bits_of(const std::vector<train::TrainedParameter>& parameters) {
  std::vector<std::byte> bits;
  for (const train::TrainedParameter& parameter : parameters) {
    const std::size_t begin = bits.size();
    bits.resize(begin + static_cast<std::size_t>(parameter.tensor.bytes()));
    lane().copy_to_host(parameter.tensor, std::span(bits).subspan(begin));
  }
  return bits;
}

inline Outcome train(const deck::Deck& deck, const plan::Plan& plan) {
  const exec::Clock clock;
  session::Trainer trainer(session::options_of(deck), plan, world().all(), clock, lane());
  const data::Batch batch = made_up_batch(deck, trainer.first_sample(), trainer.sample_count());
  Outcome outcome;
  for (std::int64_t step = 0; step < deck.train.steps; ++step) {
    const train::StepResult result = trainer.step(step, batch);
    outcome.losses.push_back(result.loss);
    outcome.gradient_norm = result.gradient_norm;
  }
  outcome.evaluation = trainer.evaluate(batch);
  outcome.parameters = bits_of(trainer.parameters());
  return outcome;
}

inline Outcome train(const deck::Deck& deck) { return train(deck, plan::make(deck)); }

}  // namespace heddle::tests
