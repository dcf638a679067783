// A step that is validated after it was taken is the step that is validated before: the same bits, whatever
// must be taken back.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "some_pairs.hpp"
#include "synthetic_run.hpp"

namespace heddle::tests {
namespace {

using exec::Work;

struct Recorder final : exec::Observer {
  void step_ended(const exec::StepResult& result) override { results.push_back(result); }
  bool watches_pieces() const override { return true; }
  void piece_ended(const exec::Piece& piece) override {
    updates += piece.work == Work::update;
    undone += piece.work == Work::undo;
  }
  std::vector<exec::StepResult> results;
  int updates = 0, undone = 0;
};

/// The last stage's gradient is not a number when it comes to its STEP.
struct Poison final : exec::Observer {
  explicit Poison(const Training& run) : run_(run) {}
  void action_begins(const schedule::Action& action) override {
    if (action.kind != schedule::ActionKind::step || action.stage + 1 != run_.plan.training.schedule.stages())
      return;
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    void* const first = run_.trainer.parameters().back().gradient.data;
    lane().copy_from_host(std::as_bytes(std::span(&nan, 1)), {first, DType::f64, {1}});
  }

 private:
  const Training& run_;
};

std::vector<std::byte> state_bits(const session::Trainer& trainer) {
  std::vector<std::byte> bits;
  for (const train::TrainedParameter& p : trainer.parameters())
    for (const Tensor& tensor : {p.tensor, p.first_moment, p.second_moment}) {
      const std::size_t begin = bits.size();
      bits.resize(begin + static_cast<std::size_t>(tensor.bytes()));
      lane().copy_to_host(tensor, std::span(bits).subspan(begin));
    }
  return bits;
}

/// Every grid of all ranks with a power of two on each axis.
std::vector<std::vector<std::string>> grids() {
  std::vector<std::vector<std::string>> all;
  const int ranks = world().size();
  for (int tensor : {1, 2, 4})
    for (int pipeline : {1, 2, 4, 8}) {
      if (ranks % (tensor * pipeline) != 0) continue;
      const int data = ranks / tensor / pipeline;
      if (data > 4 || (data & (data - 1)) != 0) continue;
      all.push_back({fmt::format("grid.tensor={}", tensor), fmt::format("grid.pipeline={}", pipeline),
                     fmt::format("grid.data={}", data), "pipeline.microbatches=4", "train.batch=16",
                     "train.steps=8"});
    }
  return all;
}

deck::Deck deck_with(std::vector<std::string> overrides, const std::string& validate, double clip,
                     const std::string& dtype = "fp64") {
  overrides.push_back("optimizer.validate=" + validate);
  overrides.push_back(fmt::format("optimizer.clip={}", clip));
  overrides.push_back("train.precision=" + dtype);
  return small_deck(overrides);
}

std::vector<double> norms(const std::vector<std::string>& grid, const std::string& dtype) {
  Training run(deck_with(grid, "before", 0, dtype));
  std::vector<double> all;
  for (std::int64_t step = 0; step < run.deck.train.steps; ++step)
    all.push_back(run.trainer.step(step, run.batch).gradient_norm);
  return all;
}

/// The clip that about half of the steps exceed, were none clipped.
double between(std::vector<double> norms) {
  std::ranges::sort(norms);
  return (norms[norms.size() / 2] + norms[norms.size() / 2 - 1]) / 2;
}

void same_as_before(const std::vector<std::string>& grid, double clip, const std::string& dtype,
                    int* updates) {
  Training before(deck_with(grid, "before", clip, dtype)), after(deck_with(grid, "after", clip, dtype));
  Recorder of_before, of_after;
  for (std::int64_t step = 0; step < before.deck.train.steps; ++step) {
    before.trainer.step(step, before.batch, &of_before);
    after.trainer.step(step, after.batch, &of_after);
    if (step == 3) {
      EXPECT_EQ(before.trainer.evaluate(before.batch), after.trainer.evaluate(after.batch));
    }
  }
  EXPECT_EQ(of_after.results.size() + 1, of_before.results.size()) << "the last step is yet to be settled";
  after.trainer.settle();
  ASSERT_EQ(of_after.results.size(), of_before.results.size());
  for (std::size_t i = 0; i < of_before.results.size(); ++i) {
    EXPECT_EQ(of_before.results[i].step, of_after.results[i].step);
    EXPECT_EQ(of_before.results[i].loss, of_after.results[i].loss);
    EXPECT_EQ(of_before.results[i].gradient_norm, of_after.results[i].gradient_norm);
  }
  EXPECT_EQ(state_bits(before.trainer), state_bits(after.trainer));
  const auto parameters = static_cast<int>(before.trainer.parameters().size());  // each is updated by itself
  EXPECT_EQ(of_before.updates, parameters * before.deck.train.steps);
  *updates = of_after.updates / parameters;
}

TEST(ValidateAfter, GivesTheBitsOfValidateBefore) {
  for (const auto& [grid, dtype] : some_pairs(grids(), std::vector<std::string>{"fp64", "fp32"})) {
    SCOPED_TRACE(fmt::format("{}, {}", fmt::join(grid, " "), dtype));
    const std::vector<double> found = norms(grid, dtype);
    const double smallest = *std::ranges::min_element(found), middle = between(found);
    int updates = 0;
    for (double clip : {0.0, 1e9, smallest / 100}) {  // never, never, always
      SCOPED_TRACE(clip);
      same_as_before(grid, clip, dtype, &updates);
      EXPECT_LE(updates, 9) << "a step after one that was clipped is not taken in advance";
    }
    SCOPED_TRACE(middle);
    same_as_before(grid, middle, dtype, &updates);
  }
}

TEST(ValidateAfter, MakesAStepAnewThatWasToBeClipped) {
  if (world().size() == 1) GTEST_SKIP() << "one rank knows the norm before it steps";
  const std::vector<std::string> grid = {fmt::format("grid.pipeline={}", world().size()),
                                         "pipeline.microbatches=4", "train.batch=16", "train.steps=8"};
  const double clip = 0.999 * norms(grid, "fp64").front();  // of all ranks together, and of no rank alone
  int updates = 0;
  same_as_before(grid, clip, "fp64", &updates);
  EXPECT_GT(updates, 8);
}

TEST(ValidateAfter, AStepThatIsNotFiniteLeavesEveryBitOnEveryRank) {
  for (const auto& grid : grids()) {
    SCOPED_TRACE(fmt::format("{}", fmt::join(grid, " ")));
    Training run(deck_with(grid, "after", 0));
    run.trainer.step(0, run.batch);
    run.trainer.step(1, run.batch);
    run.trainer.settle();
    const std::vector<std::byte> before = state_bits(run.trainer);
    Recorder recorder;
    Poison poison(run);
    exec::Observers observers;
    observers.add(recorder);
    observers.add(poison);
    run.trainer.step(2, run.batch, &observers);
    try {
      run.trainer.settle();
      FAIL() << "rank " << world().rank() << " went on";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::numbers);
      EXPECT_NE(std::string(error.what()).find("step 3: "), std::string::npos) << error.what();
    }
    const int last = run.plan.training.schedule.stages() - 1;
    const bool poisoned = run.trainer.grid().coordinates()[maps::Axis::pipeline] == last;
    const bool knows = poisoned && run.trainer.parameters().back().owner;  // by itself
    EXPECT_EQ(recorder.updates, knows ? 0 : static_cast<int>(run.trainer.parameters().size()));
    EXPECT_EQ(recorder.undone, recorder.updates);
    EXPECT_TRUE(recorder.results.empty());
    EXPECT_EQ(state_bits(run.trainer), before);
  }
}

TEST(ValidateAfter, ARankAllocatesWhatItsPlanSays) {
  for (const auto& grid : grids())
    for (const char* validate : {"before", "after"}) {
      Training run(deck_with(grid, validate, 1));
      const schedule::MemoryPlan& plan = run.trainer.engine().arena().plan();
      EXPECT_EQ(run.trainer.allocated(), run.plan.memory(world().rank()).bytes());
      const std::int64_t replaced =
          plan[schedule::FixedPool::moments].bytes() / 2 * 3;  // and parameters, without padding
      EXPECT_EQ(plan[schedule::FixedPool::undo].bytes(), std::string(validate) == "after" ? replaced : 0);
    }
}

}  // namespace
}  // namespace heddle::tests
