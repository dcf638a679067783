// A plan is made once: its cost does not grow with the replicas, and what a class of ranks holds each of
// its ranks holds.
#include "heddle/plan/plan.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "../../src/plan/draft.hpp"
#include "../support/checked_deck.hpp"
#include "../support/ids.hpp"
#include "heddle/maps/local.hpp"
#include "heddle/plan/from_deck.hpp"

namespace heddle::plan {
namespace {

/// Nothing divides: neither the vocabulary by the tensor axis nor the rows.
deck::Deck deck_of(const std::vector<std::string>& overrides) {
  constexpr const char* text = R"(
[model]
layers = 6
heads = 12
width = 24
context = 15
vocabulary = 257
[train]
steps = 1
batch = 24
[pipeline]
microbatches = 2
)";
  return tests::checked_deck(text, overrides);
}

std::vector<std::vector<std::string>> grids() {
  std::vector<std::vector<std::string>> all;
  for (const char* grid : {"1 1 1", "4 1 3", "1 2 4", "3 2 4", "12 1 1", "2 3 2"}) {
    int data = 0, pipeline = 0, tensor = 0;
    std::sscanf(grid, "%d %d %d", &data, &pipeline, &tensor);
    for (bool sequence_parallel : {false, true})
      all.push_back({fmt::format("grid.data={}", data), fmt::format("grid.pipeline={}", pipeline),
                     fmt::format("grid.tensor={}", tensor),
                     fmt::format("grid.sequence_parallel={}", sequence_parallel),
                     "grid.order=[\"tensor\",\"data\",\"pipeline\"]"});
  }
  return all;
}

std::vector<Shape> local_shapes(const Plan& plan, const Execution& execution, int rank) {
  std::vector<Shape> shapes;
  for (const graph::Value& value : execution.programs[plan.pipeline_rank(rank)].graph.values)
    shapes.push_back(maps::local_shape(graph::resolve(value.shape, plan.options.extents()), value.layout,
                                       plan.grid(), rank));
  return shapes;
}

TEST(Plan, RanksOfAClassHoldEquallyMuchOfEverything) {
  bool uneven = false;
  for (const auto& grid : grids()) {
    const Plan plan = make(deck_of(grid));
    uneven |= plan.classes.count() > plan.training.schedule.ranks();
    for (int rank = 0; rank < plan.grid().size(); ++rank) {
      const int first = plan.classes.first_rank(plan.classes.class_of(rank));
      EXPECT_EQ(plan.classes.class_of(first), plan.classes.class_of(rank));
      EXPECT_EQ(plan.pipeline_rank(first), plan.pipeline_rank(rank));
      for (const Execution* one : {&plan.training, &plan.evaluation})
        EXPECT_EQ(local_shapes(plan, *one, rank), local_shapes(plan, *one, first)) << maps::name(plan.grid());
    }
  }
  EXPECT_TRUE(uneven) << "no grid divides unevenly: nothing was tried";
}

TEST(Plan, EveryRanksMemoryIsWhatItsOwnPlanWouldSay) {
  for (const auto& grid : grids()) {
    const Plan plan = make(deck_of(grid));
    Draft draft = draft_of(plan.options, family);
    for (int rank = 0; rank < plan.grid().size(); ++rank)
      EXPECT_EQ(plan.memory(rank).training.bytes,
                memory_plan(draft, plan.training, plan.program(plan.pipeline_rank(rank)), rank).bytes);
  }
}

TEST(Plan, AThousandReplicasCostNoMoreThanOne) {
  const auto effort = [](int data) {
    return make(deck_of({fmt::format("grid.data={}", data), "grid.pipeline=2",
                         fmt::format("train.batch={}", 2 * data)}))
        .effort;
  };
  const Effort one = effort(1), thousand = effort(1000);
  EXPECT_EQ(one.differentiations, 2);
  EXPECT_EQ(one.memory_plans, 4) << "training and evaluation of two pipeline ranks";
  EXPECT_EQ(thousand.differentiations, one.differentiations);
  EXPECT_EQ(thousand.memory_plans, one.memory_plans);
}

TEST(Plan, UnderTf32EveryProgramOfARunRoundsTheFactorsOfItsProducts) {
  const auto expect_rounded = [](const Execution& execution, Rounding rounding) {
    int products = 0;
    for (const passes::Program& program : execution.programs)
      for (const graph::Node& node : program.graph.nodes)
        if (const auto* linear = std::get_if<graph::Linear>(&node.attributes)) {
          EXPECT_EQ(linear->rounding, rounding) << graph::name(node.op) << " in phase " << int(node.phase);
          ++products;
        }
    EXPECT_GT(products, 0);
  };
  for (const auto& [precision, rounding] :
       {std::pair{"tf32", Rounding::tf32}, {"fp32", Rounding::none}, {"bf16", Rounding::none}}) {
    const Plan plan = make(deck_of({"grid.pipeline=2", "train.recompute=full", "train.loss_rows=7",
                                    std::string("train.precision=") + precision}));
    for (const Execution* execution : {&plan.training, &plan.evaluation})
      expect_rounded(*execution, rounding);
  }
  expect_rounded(for_inference(deck_of({}).model, Precision::tf32).evaluation, Rounding::tf32);
}

TEST(Plan, TiesAreFoundOnceInAnOrderThatAllRanksShare) {
  const Plan plan = make(deck_of({"grid.pipeline=3", "pipeline.tied=transmit"}));
  ASSERT_EQ(plan.ties.size(), 1u);
  EXPECT_EQ(plan.ties.front().parameter, "embedding.token");
  EXPECT_EQ(plan.ties.front().holders, tests::ids<PipelineRank>({0, 2}));
  EXPECT_TRUE(held_before(plan, PipelineRank(0)).empty());
  EXPECT_TRUE(held_before(plan, PipelineRank(1)).empty());
  EXPECT_EQ(held_before(plan, PipelineRank(2)), std::vector<std::string>{"embedding.token"});
}

TEST(Plan, CommunicatesOverFewSetsOfAxes) {
  using maps::Axis, maps::AxisSet;
  const auto sets = [](const std::vector<std::string>& overrides) {
    return axis_sets(make(deck_of(overrides)));
  };
  const AxisSet data = Axis::data, pipeline = Axis::pipeline, tensor = Axis::tensor;
  EXPECT_EQ(sets({}), (std::set{pipeline, data | tensor}));
  EXPECT_EQ(sets({"grid.data=2"}), (std::set{data, pipeline, data | tensor}));
  EXPECT_EQ(sets({"grid.pipeline=2", "grid.tensor=2"}), (std::set{pipeline, tensor, data | tensor}));
  for (const AxisSet set : sets({"grid.data=2", "grid.pipeline=2", "grid.tensor=2"}))
    EXPECT_TRUE(set == pipeline || !set.contains(Axis::pipeline)) << maps::name(set);
}

}  // namespace
}  // namespace heddle::plan
