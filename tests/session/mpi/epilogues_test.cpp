// Training with what products do as they write: the losses of bf16 without it, and no bit that depends on what is recomputed.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "synthetic_run.hpp"
#include "tensor_layouts.hpp"

namespace heddle::tests {
namespace {

using Overrides = std::vector<std::string>;

/// The losses of twelve steps.
std::vector<double> losses(const Overrides& way, bool epilogues) {
  const deck::Deck deck = small_deck(way);
  plan::Options options = plan::options_of(deck);
  options.epilogues = epilogues;
  const plan::Plan plan = plan::make(options);
  const exec::Clock clock;
  session::Trainer trainer(session::options_of(deck), plan, world().all(), clock, lane());
  const data::Batch batch = made_up_batch(deck, trainer.first_sample(), trainer.sample_count());
  std::vector<double> all;
  for (std::int64_t step = 0; step < 12; ++step) {
    trainer.step(step, batch);
    all.push_back(trainer.settle().loss);
  }
  return all;
}

double apart(const std::vector<double>& some, const std::vector<double>& others) {
  double most = 0;
  for (std::size_t i = 0; i < some.size(); ++i)
    most = std::max(most, std::abs(some[i] - others[i]) / std::abs(others[i]));
  return most;
}

/// Calls f(replicas, way) with overrides for each layout of the ranks.
template <class F>
void for_each_way(F&& f) {
  for_each_tensor_layout(world().size(), [&](int data, const Overrides& grid) {
    f(data, with(grid, {fmt::format("train.batch={}", 4 * data), "pipeline.microbatches=2"}));
  });
}

/// Each is as far from fp32 as bf16 takes it, so at most twice as far from the other. How far that is, in units of one over the
/// root of the rows, is what bf16 costs without epilogues at most on any layout, as in invariance_test.cpp.
TEST(Epilogues, AreWithinWhatBf16Allows) {
  struct Apart {
    double rows, by_epilogues;
    Overrides way;
  };
  std::vector<Apart> all;
  double cost = 0;
  for_each_way([&](int data, const Overrides& way) {
    const std::vector<double> fp32 = losses(way, false);
    const std::vector<double> without = losses(with(way, {"train.precision=bf16"}), false);
    const std::vector<double> in_products = losses(with(way, {"train.precision=bf16"}), true);
    EXPECT_NE(in_products, without) << "the bias is added before the sum is rounded";
    EXPECT_EQ(losses(way, true), fp32) << "fp32 has none";
    cost = std::max(cost, apart(without, fp32) * std::sqrt(data));
    all.push_back({static_cast<double>(data), apart(in_products, without), way});
  });
  for (const Apart& one : all)
    EXPECT_LE(one.by_epilogues, 2 * cost / std::sqrt(one.rows)) << fmt::format("{}", fmt::join(one.way, " "));
}

TEST(Epilogues, NoBitDependsOnWhatIsRecomputedOrOnWhereNumbersLie) {
  for_each_way([](int, const Overrides& way) {
    const Overrides bf16 = with(way, {"train.precision=bf16"});
    const std::vector<double> once = losses(bf16, true);
    for (const Overrides& more :
         {Overrides{}, {"train.recompute=selective"}, {"train.recompute=full"}, {"train.memory=separate"}})
      EXPECT_EQ(losses(with(bf16, more), true), once)
          << fmt::format("{} {}", fmt::join(way, " "), fmt::join(more, " "));
  });
}

}  // namespace
}  // namespace heddle::tests
