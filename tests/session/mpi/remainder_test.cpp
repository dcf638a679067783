// Masters that are kept as remainders train to the bits of fp32 masters, however they lie, and are written as those are.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <span>

#include "checkpoint_contents.hpp"
#include "heddle/kernels/adamw.hpp"
#include "heddle/kernels/elementwise.hpp"
#include "heddle/session/checkpoints.hpp"
#include "heddle/train/whole.hpp"
#include "some_pairs.hpp"
#include "support/expect_error.hpp"
#include "synthetic_run.hpp"

namespace heddle::tests {
namespace {

using Overrides = std::vector<std::string>;

/// Grids of all ranks, as many as have an axis of them; the table is tied between the pipeline's ends.
std::vector<Overrides> grids() {
  std::vector<Overrides> all;
  for (const auto& [pipeline, tensor] : {std::pair(1, 1), {2, 1}, {1, 2}, {2, 2}, {4, 1}, {8, 1}}) {
    const int ranks = world().size();
    if (ranks % (pipeline * tensor) != 0 || (pipeline * tensor == 1 && ranks > 4)) continue;
    all.push_back({fmt::format("grid.data={}", ranks / pipeline / tensor),
                   fmt::format("grid.pipeline={}", pipeline), fmt::format("grid.tensor={}", tensor),
                   "pipeline.microbatches=2", "train.batch=48", "train.steps=6", "train.precision=bf16"});
  }
  return all;
}

deck::Deck deck_with(Overrides overrides, const Overrides& more, const char* masters) {
  overrides.insert(overrides.end(), more.begin(), more.end());
  overrides.push_back(fmt::format("optimizer.masters={}", masters));
  return small_deck(overrides);
}

/// As checkpoints have it, in fp32.
std::vector<float> numbers_of(const train::Whole& whole) {
  std::vector<float> numbers(static_cast<std::size_t>(whole.tensor.count()));
  if (whole.make)
    whole.make(0, {numbers.data(), DType::f32, whole.tensor.shape});
  else
    std::copy_n(whole.tensor.as<float>(), numbers.size(), numbers.begin());
  return numbers;
}

/// A parameter whose tensors lie in the host's memory.
struct OnHost {
  OnHost(const lanes::Lane& lane, const train::TrainedParameter& there) : parameter(there) {
    for (Tensor* tensor :
         {&parameter.tensor, &parameter.first_moment, &parameter.second_moment, &parameter.remainder})
      *tensor = held.emplace_back(lane.on_host(*tensor)).tensor;
  }
  train::TrainedParameter parameter;
  std::vector<lanes::OnHost> held;
};

/// Masters and moments of what this rank steps, as checkpoints have them.
std::vector<std::byte> state_of(const session::Trainer& trainer) {
  std::vector<std::byte> bits;
  for (const train::TrainedParameter& p : trainer.parameters()) {
    if (!p.stepped()) continue;
    const OnHost host(trainer.lane(), p);
    for (const auto& whole : {train::whole, train::whole_first_moment, train::whole_second_moment}) {
      const std::vector<float> numbers = numbers_of(whole(host.parameter));
      const auto all = std::as_bytes(std::span(numbers));
      bits.insert(bits.end(), all.begin(), all.end());
    }
  }
  return bits;
}

Outcome trained(Training& run) {
  Outcome outcome;
  for (std::int64_t step = 0; step < run.deck.train.steps; ++step) {
    run.trainer.step(step, run.batch);
    const train::StepResult result = run.trainer.settle();
    outcome.losses.push_back(result.loss);
    outcome.gradient_norm = result.gradient_norm;
  }
  outcome.evaluation = run.trainer.evaluate(run.batch);
  outcome.parameters = state_of(run.trainer);
  return outcome;
}

Outcome trained(const deck::Deck& deck) {
  Training run(deck);
  if (deck.train.memory == deck::Memory::arena) {
    EXPECT_EQ(run.trainer.allocated(), run.plan.memory(world().rank()).bytes());
  }
  return trained(run);
}

TEST(Remainder, TrainsToTheBitsOfFp32Masters) {
  const std::vector<Overrides> all = {
      {},
      {"optimizer.moments=bf16"},
      {"optimizer.clip=0.1", "optimizer.validate=after"},
      {"optimizer.clip=0", "optimizer.validate=after", "optimizer.moments=bf16"},
      {"pipeline.tied=transmit", "optimizer.validate=after"},
      {"train.memory=separate", "train.recompute=full", "pipeline.tied=transmit"}};
  for (const auto& [grid, more] : some_pairs(grids(), all)) {
    const Outcome wide = trained(deck_with(grid, more, "wide"));
    EXPECT_TRUE(trained(deck_with(grid, more, "remainder")) == wide)
        << fmt::format("{} with {}", fmt::join(grid, " "), fmt::join(more, " "));
    EXPECT_FALSE(wide.parameters.empty() && world().size() == 1);
    if (more.empty()) {
      EXPECT_NE(trained(deck_with(grid, more, "none")).losses, wide.losses) << "masters matter";
    }
  }
}

/// Their fp32 is there before the first step, and where the first bf16 is made of it.
TEST(Remainder, BeginsWithFp32) {
  for (const Overrides& grid : grids()) {
    const Training wide(deck_with(grid, {}, "wide")), split(deck_with(grid, {}, "remainder"));
    EXPECT_EQ(state_of(split.trainer), state_of(wide.trainer));
    bool narrow = false;
    for (const train::TrainedParameter& p : split.trainer.parameters()) {
      EXPECT_EQ(p.remainder.data != nullptr, p.stepped() && p.tensor.dtype == DType::bf16) << p.name;
      narrow |= p.remainder.data != nullptr;
    }
    EXPECT_TRUE(narrow);
  }
}

/// 1 + 2^-8 lies halfway between 1, which is even, and the next bf16: the tie above, in every element.
TEST(Remainder, IsSeenWithItsCarries) {
  constexpr float tie = 1.0f + 1.0f / 256;
  for (const char* moments : {"optimizer.moments=wide", "optimizer.moments=bf16"}) {
    const Training run(deck_with(grids().front(), {moments}, "remainder"));
    for (const train::TrainedParameter& p : run.trainer.parameters()) {
      if (!p.remainder.data) continue;
      kernels::fill(lane(), p.gradient, tie);
      kernels::split(lane(), p.gradient, {p.tensor, p.first_moment, p.second_moment, p.remainder});
      const OnHost host(lane(), p);
      for (const float master : numbers_of(train::whole(host.parameter))) ASSERT_EQ(master, tie) << p.name;
      for (const float v : numbers_of(train::whole_second_moment(host.parameter)))
        ASSERT_FALSE(std::signbit(v)) << p.name;
    }
  }
}

/// Where a rank learns that a step does not count, after others have made it: weights, remainders and carries come back.
TEST(Remainder, IsTakenBackWithAStepThatIsNotFinite) {
  struct Poison final : exec::Observer {
    explicit Poison(const Training& run) : run_(run) {}
    void action_begins(const schedule::Action& action) override {
      const bool last = action.stage + 1 == run_.plan.training.schedule.stages();
      if (action.kind != schedule::ActionKind::step || !last) return;
      const float nan = std::nanf("");
      void* const first = run_.trainer.parameters().back().gradient.data;
      lane().copy_from_host(std::as_bytes(std::span(&nan, 1)), {first, DType::f32, {1}});
    }
    const Training& run_;
  };
  for (const Overrides& grid : grids()) {
    Training run(deck_with(grid, {"optimizer.validate=after", "optimizer.clip=0"}, "remainder"));
    run.trainer.step(0, run.batch);
    run.trainer.step(1, run.batch);
    run.trainer.settle();
    const std::vector<std::byte> before = state_of(run.trainer);
    Poison poison(run);
    run.trainer.step(2, run.batch, &poison);
    expect_error(ExitCode::numbers, {"step 3: "}, [&] { run.trainer.settle(); });
    EXPECT_EQ(state_of(run.trainer), before);
  }
}

/// What the run has written.
Contents written(Training& run, const std::string& folder) {
  session::Checkpoints checkpoints(world().all(), run.trainer, folder, {}, run.deck.train.steps,
                                   {.deck = "a deck"});
  return contents_of(checkpoints.write(run.deck.train.steps, {}).path);
}

TEST(Remainder, IsWrittenAsFp32MastersAre) {
  const std::string folder = (std::filesystem::path(testing::TempDir()) /
                              fmt::format("heddle_remainder_{}_{}", ::getppid(), world().size()))
                                 .string();
  const std::vector<std::string> ties = {"pipeline.tied=replicate", "pipeline.tied=transmit"};
  for (const auto& [grid, tied] : some_pairs(grids(), ties)) {
    Training wide(deck_with(grid, {tied}, "wide")), split(deck_with(grid, {tied}, "remainder"));
    trained(wide), trained(split);
    const auto of_wide = written(wide, folder + "/wide"), of_split = written(split, folder + "/split");
    EXPECT_EQ(of_split, of_wide);
    EXPECT_TRUE(of_wide.contains("parameters/embedding.token"));
    for (const auto& [name, stored] : of_split) {
      EXPECT_EQ(stored.dtype, DType::f32) << name;
      if (!name.starts_with("optimizer/second/")) continue;
      for (std::size_t i = 0; i < stored.numbers.size(); i += sizeof(float))
        ASSERT_EQ(stored.numbers[i + 3] >> 7, std::byte{0}) << name << ": a carry";
    }
  }
  comm::barrier(world().all(), "the end of a test");
  if (world().rank() == 0) std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace heddle::tests
