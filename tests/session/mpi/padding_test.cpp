// Rows behind the table and columns behind the logits, where products want them, change nothing else.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "checkpoint_contents.hpp"
#include "heddle/session/checkpoints.hpp"
#include "heddle/session/move_state.hpp"
#include "support/shared_folder.hpp"
#include "synthetic_run.hpp"
#include "tensor_layouts.hpp"

namespace heddle::tests {
namespace {

using Overrides = std::vector<std::string>;

constexpr int steps = 4;
/// Of 257, 129 and 128, 65 and 64 rows some are padded by either, and some by none.
constexpr int multiples[] = {7, 64};

plan::Plan plan_of(const deck::Deck& deck, int multiple) {
  plan::Options options = plan::options_of(deck);
  options.table_multiple = multiple;
  return plan::make(options);
}

/// A trainer whose plan pads.
struct PaddedRun {
  PaddedRun(const deck::Deck& the_deck, int multiple)
      : deck(the_deck),
        plan(plan_of(deck, multiple)),
        trainer(session::options_of(deck), plan, world().all(), clock, lane()) {}

  /// The losses of some steps, their last gradient norm and the loss of an evaluation.
  std::vector<double> train(std::int64_t first) {
    const data::Batch batch = made_up_batch(deck, trainer.first_sample(), trainer.sample_count());
    std::vector<double> numbers;
    double norm = 0;
    for (std::int64_t step = first; step < first + steps; ++step) {
      trainer.step(step, batch);
      const train::StepResult result = trainer.settle();
      numbers.push_back(result.loss);
      norm = result.gradient_norm;
    }
    numbers.push_back(norm);
    numbers.push_back(trainer.evaluate(batch));
    return numbers;
  }
  session::Side<session::Trainer> side() { return {plan, &trainer}; }

  deck::Deck deck;
  plan::Plan plan;
  exec::Clock clock;
  session::Trainer trainer;
};

/// Calls f(way) with overrides for each layout of the ranks.
template <class F>
void for_each_way(const Overrides& more, F&& f) {
  for_each_tensor_layout(world().size(), [&](int data, const Overrides& grid) {
    f(with(with(grid, {fmt::format("train.batch={}", 4 * data), "pipeline.microbatches=2"}), more));
  });
}

/// Zeros are added to sums, in whatever order the library of products takes for other extents.
void expect_alike(const std::vector<double>& numbers, const std::vector<double>& wanted,
                  const std::string& what) {
  ASSERT_EQ(numbers.size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i)
    EXPECT_NEAR(numbers[i] / wanted[i], 1, 1e-12) << what << ", number " << i;
}

TEST(Padding, ChangesNoLossNoGradientNormAndNoEvaluation) {
  for (const char* tied : {"replicate", "transmit"})
    for_each_way({fmt::format("pipeline.tied={}", tied), "train.loss_rows=5"}, [&](const Overrides& way) {
      const deck::Deck deck = small_deck(way);
      const std::vector<double> wanted = PaddedRun(deck, 1).train(0);
      for (const int multiple : multiples)
        expect_alike(PaddedRun(deck, multiple).train(0), wanted,
                     fmt::format("{} to {}", fmt::join(way, " "), multiple));
    });
}

TEST(Padding, IsInMemoryThatIsPlannedAndThatNobodyElseNeeds) {
  for (const char* precision : {"fp32", "bf16"})
    for_each_way({fmt::format("train.precision={}", precision)}, [&](const Overrides& way) {
      PaddedRun together(small_deck(way), 64), apart(small_deck(with(way, {"train.memory=separate"})), 64);
      EXPECT_EQ(together.trainer.allocated(), together.plan.memory(world().rank()).bytes());
      EXPECT_EQ(together.train(0), apart.train(0)) << fmt::format("{}", fmt::join(way, " "));
      EXPECT_TRUE(bits_of(together.trainer.parameters()) == bits_of(apart.trainer.parameters()));
    });
}

/// What stands behind the tensors of this rank's parameters and their copies, by the padding of the plan.
std::vector<std::byte> padding_of(const PaddedRun& run) {
  const exec::Engine& engine = run.trainer.engine();
  const schedule::MemoryPlan& plan = engine.arena().plan();
  std::vector<std::byte> all;
  for (std::size_t id = 0; id < engine.program().graph.values.size(); ++id) {
    if (plan.locations[id].pool != static_cast<int>(schedule::FixedPool::parameters)) continue;
    const DType dtype = engine.program().graph.values[id].dtype;
    Tensor behind = engine.arena().tensor(static_cast<graph::ValueId>(id), dtype);
    const std::int64_t bytes = plan.locations[id].bytes - behind.bytes();
    behind = {static_cast<std::byte*>(behind.data) + behind.bytes(), dtype, {bytes / size_of(dtype)}};
    std::vector<std::byte> host(static_cast<std::size_t>(bytes));
    lane().copy_to_host(behind, host);
    all.insert(all.end(), host.begin(), host.end());
  }
  return all;
}

TEST(Padding, IsZeroBehindTheTableAndStaysSo) {
  for (const Overrides& more : {Overrides{"train.precision=fp64"},
                                {"train.precision=fp32", "optimizer.validate=after", "optimizer.clip=0.1"},
                                {"train.precision=bf16", "pipeline.tied=transmit"},
                                {"train.precision=bf16", "optimizer.masters=none", "optimizer.moments=bf16"},
                                {"train.precision=bf16", "optimizer.masters=remainder"},
                                {"train.precision=bf16", "comm.gradients=bf16"}})
    for_each_way(more, [&](const Overrides& way) {
      PaddedRun run(small_deck(with(way, {"optimizer.weight_decay=0.5"})), 64);
      run.train(0);
      const std::vector<std::byte> padding = padding_of(run);
      EXPECT_EQ(std::ranges::count(padding, std::byte{}), std::ssize(padding))
          << fmt::format("{}", fmt::join(way, " "));
      const maps::Coordinates place = run.trainer.grid().coordinates();
      const bool has_head = place[maps::Axis::pipeline] + 1 == run.deck.grid.pipeline;
      const std::int64_t rows =
          maps::balanced_block(257, run.deck.grid.tensor, place[maps::Axis::tensor]).size();
      const std::int64_t behind = has_head ? (rows + 63) / 64 * 64 - rows : 0;
      const DType type = stream_type(run.deck.train.precision);
      EXPECT_EQ(std::ssize(padding), behind * run.deck.model.width * size_of(type));
    });
}

/// What a run writes into a checkpoint, as all ranks read it.
Contents checkpoint_of(PaddedRun& run) {
  const SharedFolder folder;
  session::Checkpoints checkpoints(world().all(), run.trainer, folder / "", {}, steps, {.deck = "a deck"});
  return contents_of(checkpoints.write(steps, {}).path);
}

TEST(Padding, IsNoPartOfTheStateThatMovesAndIsWritten) {
  for_each_way({"model.layers=2"}, [&](const Overrides& way) {
    const deck::Deck deck = small_deck(way);
    PaddedRun plain(deck, 1), padded(deck, 64), other(deck, 7), again(deck, 1);
    plain.train(0);
    session::move_state(world().all(), plain.side(), padded.side());
    session::move_state(world().all(), padded.side(), other.side());
    session::move_state(world().all(), other.side(), again.side());
    const Contents wanted = checkpoint_of(plain);
    EXPECT_FALSE(wanted.empty());
    for (PaddedRun* run : {&padded, &other, &again}) EXPECT_TRUE(checkpoint_of(*run) == wanted);
    const std::vector<double> numbers = plain.train(steps);
    EXPECT_EQ(again.train(steps), numbers);
    expect_alike(padded.train(steps), numbers, "64");
    expect_alike(other.train(steps), numbers, "7");
  });
}

}  // namespace
}  // namespace heddle::tests
