// A small GPT trained on made-up tokens: what a layout must not change.
#pragma once

#include <string>
#include <vector>

#include "heddle/app/trainer.hpp"
#include "heddle/base/random.hpp"
#include "heddle/deck/check.hpp"
#include "heddle/deck/read.hpp"
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
dtype = "fp64"
[optimizer]
rate = 1e-3
warmup = 4
clip = 0.25
)";

inline deck::Deck small_deck(const std::vector<std::string>& overrides) {
  deck::Deck deck = deck::parse(small_gpt, "small_gpt.toml", overrides);
  deck::check(deck);
  return deck;
}

/// Samples [first, first + count) of one batch that every step learns anew, so that the loss falls and depends on every
/// update. Token 0 is among them.
inline data::Batch made_up_batch(const deck::Deck& deck, std::int64_t first, std::int64_t count) {
  const auto token = [&](std::uint64_t stream, std::int64_t i) {
    const double u = uniform_at(random_key("made-up tokens", 1), stream, static_cast<std::uint64_t>(i));
    return static_cast<std::int32_t>(u * static_cast<double>(deck.model.vocabulary));
  };
  data::Batch batch;
  for (std::int64_t i = first * deck.train.sequence; i < (first + count) * deck.train.sequence; ++i) {
    batch.inputs.push_back(token(0, i));
    batch.targets.push_back(token(1, i));
  }
  return batch;
}

/// Losses of all steps and the gradient norm of the last, equal on every rank.
inline std::vector<double> train(const deck::Deck& deck) {
  const app::Blueprint blueprint = app::draw(deck);
  const exec::Clock clock;
  app::Trainer trainer(deck, blueprint, world(), clock);
  const data::Batch batch = made_up_batch(deck, trainer.first_sample(), trainer.sample_count());
  std::vector<double> results;
  train::StepResult last;
  for (std::int64_t step = 0; step < deck.train.steps; ++step) {
    last = trainer.step(step, batch);
    results.push_back(last.loss);
  }
  results.push_back(last.gradient_norm);
  return results;
}

}  // namespace heddle::tests
