// A batch that is not full: targets that do not count add nothing, whichever rank holds their rows.
#include <gtest/gtest.h>

#include <fmt/format.h>
#include <algorithm>

#include "heddle/base/target.hpp"
#include "synthetic_run.hpp"

namespace heddle::tests {
namespace {

constexpr std::int64_t batch = 8;

/// One axis takes all ranks; tensor takes at most as many as the model has heads, data the rest.
std::vector<deck::Deck> decks() {
  struct Shape {
    int data, pipeline, tensor;
  };
  const int ranks = world().size(), tensor = std::min(ranks, 4);
  std::vector<deck::Deck> all;
  for (const Shape& shape : {Shape{ranks, 1, 1}, Shape{1, ranks, 1}, Shape{ranks / tensor, 1, tensor}})
    all.push_back(
        small_deck({fmt::format("grid.data={}", shape.data), fmt::format("grid.pipeline={}", shape.pipeline),
                    fmt::format("grid.tensor={}", shape.tensor), fmt::format("train.batch={}", batch),
                    "optimizer.clip=0"}));
  return all;
}

/// The training's batch, of which only the samples [begin, end) of the whole grid count.
data::Batch only(const Training& training, std::int64_t begin, std::int64_t end) {
  data::Batch some = training.batch;
  const std::int64_t sequence = training.deck.train.sequence, first = training.trainer.first_sample();
  for (std::size_t row = 0; row < some.targets.size(); ++row) {
    const std::int64_t sample = first + static_cast<std::int64_t>(row) / sequence;
    if (sample < begin || sample >= end) some.targets[row] = ignored_target;
  }
  return some;
}

TEST(IgnoredTargets, EvaluationIsTheMeanOverThoseThatCount) {
  if (batch % world().size() != 0) GTEST_SKIP() << "the samples do not divide";
  for (const deck::Deck& deck : decks()) {
    Training training(deck);
    std::vector<double> of_sample;
    for (std::int64_t sample = 0; sample < batch; ++sample)
      of_sample.push_back(training.trainer.evaluate(only(training, sample, sample + 1)));
    for (const std::int64_t full : {std::int64_t{5}, batch}) {
      double sum = 0;
      for (std::int64_t sample = 0; sample < full; ++sample)
        sum += of_sample[static_cast<std::size_t>(sample)];
      const double mean = sum / static_cast<double>(full);
      EXPECT_NEAR(training.trainer.evaluate(only(training, 0, full)), mean, 1e-12 * mean);
    }
  }
}

struct Learnt {
  double loss = 0;
  std::vector<double> gradients;
};

Learnt learnt(const deck::Deck& deck, std::int64_t begin, std::int64_t end) {
  Training training(deck);
  Learnt result{training.trainer.step(0, only(training, begin, end)).loss, {}};
  for (const train::TrainedParameter& p : training.trainer.parameters()) {
    std::vector<double> values(static_cast<std::size_t>(p.gradient.count()));
    lane().copy_to_host(p.gradient, std::as_writable_bytes(std::span(values)));
    result.gradients.insert(result.gradients.end(), values.begin(), values.end());
  }
  return result;
}

TEST(IgnoredTargets, AStepsLossAndGradientsAreSumsOverThoseThatCount) {
  if (batch % world().size() != 0) GTEST_SKIP() << "the samples do not divide";
  for (const deck::Deck& deck : decks()) {
    const Learnt all = learnt(deck, 0, batch), first = learnt(deck, 0, 3), rest = learnt(deck, 3, batch);
    EXPECT_NEAR(first.loss + rest.loss, all.loss, 1e-12 * all.loss);
    ASSERT_EQ(all.gradients.size(), first.gradients.size());
    double largest = 0;
    for (double gradient : all.gradients) largest = std::max(largest, std::abs(gradient));
    for (std::size_t i = 0; i < all.gradients.size(); ++i)
      EXPECT_NEAR(first.gradients[i] + rest.gradients[i], all.gradients[i], 1e-12 * largest) << i;
  }
}

}  // namespace
}  // namespace heddle::tests
