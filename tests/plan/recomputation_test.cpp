// The blocks that train.recompute = "auto" recomputes: enough to fit, and no choice that fits
// costs fewer FLOPs.
#include "heddle/plan/recomputation.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "../../src/plan/recompute.hpp"
#include "../support/checked_deck.hpp"
#include "../support/expect_error.hpp"
#include "../support/ids.hpp"
#include "heddle/plan/from_deck.hpp"

namespace heddle::plan {
namespace {

using passes::Recompute;

deck::Deck deck_of(std::vector<std::string> overrides) {
  constexpr const char* text = R"(
[model]
layers = 4
heads = 4
width = 32
context = 64
vocabulary = 300
[train]
steps = 1
batch = 8
[pipeline]
microbatches = 4
)";
  return tests::checked_deck(text, overrides);
}

std::int64_t whole_mebibytes(std::int64_t bytes) { return (bytes + (1 << 20) - 1) >> 20; }
std::int64_t mebibytes_of(const Plan& plan, PipelineRank pipeline_rank) {
  return whole_mebibytes(plan.memory(first_rank(plan.grid(), pipeline_rank)).bytes());
}

/// The least FLOPs of all choices of one pipeline rank that fit the limit, by trying them.
double least_flops(const Options& options, PipelineRank pipeline_rank,
                   const std::vector<graph::BlockId>& blocks) {
  Draft draft = draft_of(options, family);
  const Rank rank = first_rank(options.grid, pipeline_rank);
  const schedule::MemoryPlan evaluation =
      memory_plan(draft, draft.evaluation, draft.evaluation.programs[pipeline_rank], rank);
  ById<graph::BlockId, Recompute> choice(6, Recompute::none);
  double least = std::numeric_limits<double>::infinity();
  std::vector<int> digits(blocks.size(), 0);
  while (true) {
    for (std::size_t i = 0; i < blocks.size(); ++i) choice[blocks[i]] = static_cast<Recompute>(digits[i]);
    const passes::Program program = recomputing(options, draft.training.programs[pipeline_rank], choice);
    const schedule::MemoryPlan training = memory_plan(draft, draft.training, program, rank);
    if (whole_mebibytes(training.bytes + evaluation_bytes(training, evaluation)) <=
        options.train.memory_limit_mib)
      least = std::min(least, recomputed_flops(program, options.extents()));
    std::size_t next = 0;
    while (next < digits.size() && ++digits[next] == 3) digits[next++] = 0;
    if (next == digits.size()) return least;
  }
}

/// As on a device that joins nodes, or not.
Plan plan_of(const deck::Deck& deck, bool fuses) {
  Options options = options_of(deck);
  options.fuses = fuses;
  return make(options);
}

void expect_no_choice_that_fits_and_costs_less(int stages, bool fuses) {
  std::vector<std::string> overrides = {"model.width=256", "train.batch=32",
                                        "grid.pipeline=" + std::to_string(stages)};
  if (stages == 2) overrides.emplace_back("pipeline.cuts=[2]");
  const deck::Deck none = deck_of(overrides);
  overrides.emplace_back("train.recompute=full");
  const deck::Deck full = deck_of(overrides);
  overrides.pop_back();
  const std::int64_t most = mebibytes_of(plan_of(none, fuses), PipelineRank(0)),
                     fewest = mebibytes_of(plan_of(full, fuses), PipelineRank(0));
  ASSERT_LT(fewest + 4, most);
  for (int part = 0; part <= 4; ++part) {
    overrides.emplace_back("train.recompute=auto");
    overrides.push_back("train.memory_limit_mib=" + std::to_string(fewest + part * (most - fewest) / 4));
    const deck::Deck deck = deck_of(overrides);
    overrides.resize(overrides.size() - 2);
    const Plan plan = plan_of(deck, fuses);
    for (const PipelineRank rank : first<PipelineRank>(stages)) {
      EXPECT_LE(mebibytes_of(plan, rank), deck.train.memory_limit_mib);
      std::vector<graph::BlockId> blocks = tests::ids<graph::BlockId>({1, 2, 3, 4, 5});
      if (stages == 2)
        blocks = rank == 0 ? tests::ids<graph::BlockId>({1, 2}) : tests::ids<graph::BlockId>({3, 4, 5});
      EXPECT_EQ(recomputed_flops(plan.program(rank), plan.options.extents()),
                least_flops(plan.options, rank, blocks))
          << stages << " stages, " << deck.train.memory_limit_mib
          << " MiB: " << recomputation_text(plan, rank);
    }
  }
}

TEST(Recomputation, NoChoiceThatFitsCostsLess) {
  for (const int stages : {1, 2})
    for (const bool fuses : {false, true}) expect_no_choice_that_fits_and_costs_less(stages, fuses);
}

TEST(Recomputation, ALimitThatNothingFitsIsRefusedWithTheNumbers) {
  const deck::Deck deck =
      deck_of({"model.width=256", "train.batch=32", "train.recompute=auto", "train.memory_limit_mib=3"});
  tests::expect_error(
      ExitCode::usage,
      {"command line", "train.memory_limit_mib = 3", "pipeline rank 0", "try train.memory_limit_mib = "},
      [&] { make(deck); });
}

TEST(Recomputation, RoomsOfKernelsTakeOfTheLimit) {
  const std::vector<std::string> large = {"model.width=256", "train.batch=32"};
  const std::int64_t most = mebibytes_of(make(deck_of(large)), PipelineRank(0));
  const deck::Deck deck =
      deck_of({large[0], large[1], "train.recompute=auto", "train.memory_limit_mib=" + std::to_string(most)});
  Options options = options_of(deck);
  options.rooms = 0;
  EXPECT_EQ(recomputation_text(make(options), PipelineRank(0)), "nothing");
  options.rooms = std::int64_t{2} << 20;
  const Plan plan = make(options);
  EXPECT_NE(recomputation_text(plan, PipelineRank(0)), "nothing");
  const RankMemory memory = plan.memory(0);
  EXPECT_EQ(memory.bytes(), memory.training.bytes + memory.evaluation + options.rooms);
  EXPECT_LE(memory.bytes(), most << 20);
}

/// What `heddle check` prints: attention that is recomputed costs what the samples have, not what the
/// model could see.
TEST(Recomputation, FlopsAreThoseOfTheSampleAndNotOfTheContext) {
  const auto flops = [](const char* context) {
    const Plan plan = make(deck_of({context, "train.sequence=16", "train.recompute=selective"}));
    return recomputed_flops(plan.program(PipelineRank(0)), plan.options.extents());
  };
  EXPECT_EQ(flops("model.context=1024"), flops("model.context=16"));
}

TEST(Recomputation, IsToldByLayers) {
  const deck::Deck deck = deck_of({"grid.pipeline=2", "pipeline.cuts=[2]"});
  Plan plan = make(deck);
  EXPECT_EQ(recomputation_text(plan, PipelineRank(0)), "nothing");
  plan.recompute = {Recompute::none,      Recompute::block, Recompute::block,
                    Recompute::attention, Recompute::block, Recompute::block};
  EXPECT_EQ(recomputation_text(plan, PipelineRank(0)), "layers 0 to 1 all");
  EXPECT_EQ(recomputation_text(plan, PipelineRank(1)), "layer 2 attention, layer 3 all");
}

}  // namespace
}  // namespace heddle::plan
