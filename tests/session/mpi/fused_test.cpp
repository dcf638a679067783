// Training with ops that are joined: fp32 and fp64 to the same bits, bf16 with the losses of training without, and no bit that depends
// on what is recomputed.
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

/// Are there nodes that were joined, where they should be?
void expect_fused(const plan::Plan& plan, bool fuses) {
  for (const plan::Execution* execution : {&plan.training, &plan.evaluation})
    for (const passes::Program& program : execution->programs)
      EXPECT_EQ(std::ranges::count(program.graph.nodes, graph::Op::residual_norm, &graph::Node::op) > 0,
                fuses);
}

/// The losses of twelve steps, and one of evaluation.
std::vector<double> losses(const Overrides& way, bool fuses) {
  const deck::Deck deck = small_deck(way);
  plan::Options options = plan::options_of(deck);
  options.fuses = fuses;
  const plan::Plan plan = plan::make(options);
  expect_fused(plan, fuses);
  const exec::Clock clock;
  session::Trainer trainer(session::options_of(deck), plan, world().all(), clock, lane());
  const data::Batch batch = made_up_batch(deck, trainer.first_sample(), trainer.sample_count());
  std::vector<double> all;
  for (std::int64_t step = 0; step < 12; ++step) {
    trainer.step(step, batch);
    all.push_back(trainer.settle().loss);
  }
  all.push_back(trainer.evaluate(batch));
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

TEST(Fused, TrainsToTheSameBitsWhereNumbersAreWide) {
  for_each_way([&](int, const Overrides& way) {
    for (const char* precision : {"train.precision=fp32", "train.precision=fp64"})
      EXPECT_EQ(losses(with(way, {precision}), true), losses(with(way, {precision}), false))
          << fmt::format("{} {}", precision, fmt::join(way, " "));
  });
}

/// Each is as far from fp64 as bf16 takes it, so at most twice as far from the other. How far that is, in units of one over the root of
/// the rows, is what bf16 costs without it at most on any layout, as in invariance_test.cpp.
TEST(Fused, IsWithinWhatBf16Allows) {
  struct Apart {
    double rows, by_fusing;
    Overrides way;
  };
  std::vector<Apart> all;
  double cost = 0;
  for_each_way([&](int data, const Overrides& way) {
    const Overrides bf16 = with(way, {"train.precision=bf16"});
    const std::vector<double> without = losses(bf16, false), fused = losses(bf16, true);
    EXPECT_NE(fused, without) << "the bias is added before the sum is rounded";
    cost = std::max(cost, apart(without, losses(way, false)) * std::sqrt(data));
    all.push_back({static_cast<double>(data), apart(fused, without), way});
  });
  for (const Apart& one : all)
    EXPECT_LE(one.by_fusing, 2 * cost / std::sqrt(one.rows)) << fmt::format("{}", fmt::join(one.way, " "));
}

TEST(Fused, NoBitDependsOnWhatIsRecomputedOrOnWhereNumbersLie) {
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
