// What a run keeps, as a plan tells it: every element on one rank alone, and a value in another number type
// like any other.
#include "heddle/plan/state.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "../../src/plan/draft.hpp"
#include "../support/checked_deck.hpp"
#include "heddle/maps/transfer.hpp"
#include "heddle/plan/from_deck.hpp"

namespace heddle::plan {
namespace {

deck::Deck deck_of(int data, int pipeline, int tensor, const std::string& tied) {
  constexpr const char* text = R"(
[model]
layers = 4
heads = 4
width = 16
context = 8
vocabulary = 57
[train]
steps = 1
batch = 8
)";
  return tests::checked_deck(text,
                             {fmt::format("grid.data={}", data), fmt::format("grid.pipeline={}", pipeline),
                              fmt::format("grid.tensor={}", tensor), "pipeline.tied=" + tied});
}

template <class F>
void for_each_grid(F&& f) {
  for (const char* tied : {"replicate", "transmit"})
    for (const auto& [data, pipeline, tensor] : {std::tuple(1, 1, 1), {2, 2, 2}, {1, 4, 2}, {4, 1, 1}})
      f(make(deck_of(data, pipeline, tensor, tied)));
}

TEST(State, EveryElementHasOneOwnerThatHoldsIt) {
  for_each_grid([](const Plan& plan) {
    for (const StateValue& value : state(plan)) {
      std::int64_t owned = 0;
      for (int rank = 0; rank < plan.grid().size(); ++rank) {
        owned += value.owned[rank].count();
        EXPECT_TRUE(value.owned[rank].empty() || value.owned[rank] == value.held[rank]) << value.name;
      }
      EXPECT_EQ(owned, value.global.count()) << value.name << " on " << maps::name(plan.grid());
    }
  });
}

TEST(State, IsParametersAndTwoMomentsOfEach) {
  for_each_grid([](const Plan& plan) {
    std::set<std::string> names;
    for (const StateValue& value : state(plan)) names.insert(value.name);
    std::int64_t parameters = 0;
    for (const std::string& name : names) {
      if (name.ends_with("_moment")) continue;
      ++parameters;
      EXPECT_TRUE(names.contains(name + ".first_moment") && names.contains(name + ".second_moment")) << name;
    }
    EXPECT_EQ(static_cast<std::int64_t>(names.size()), 3 * parameters);
  });
}

/// Of a tied parameter that one rank steps for others, these have no moments: none that could be written with
/// a number type that is not theirs.
TEST(State, WhoIsSteppedForHasNoMoments) {
  const Plan once = make(deck_of(1, 4, 1, "transmit")), twice = make(deck_of(1, 4, 1, "replicate"));
  for (const Plan* plan : {&once, &twice})
    for (const StateValue& value : state(*plan)) {
      if (!value.name.starts_with("embedding.token")) continue;
      const bool everywhere = plan == &twice || value.name == "embedding.token";
      EXPECT_FALSE(value.held.front().empty()) << value.name;
      EXPECT_EQ(value.held.back().empty(), !everywhere) << value.name;
    }
}

/// A master copy in fp64 of every parameter of an fp32 program: all that it takes is to name it.
void add_masters(passes::Program& program) {
  for (std::size_t i = 0; i < program.trained.size(); ++i) {
    graph::Value master = program.graph[program.trained[i].parameter];
    master.name += ".master";
    master.role = graph::Role::state;
    master.dtype = DType::f64;
    program.graph.add(master);
  }
}

TEST(State, AValueInAnotherNumberTypeIsPlannedAndMovedLikeAnyOther) {
  Plan plan = make(deck_of(1, 2, 2, "transmit"));
  const std::vector<StateValue> plain = state(plan);
  Draft draft = draft_of(plan.options, family);
  for (int rank = 0; rank < plan.grid().size(); ++rank) {
    passes::Program program = plan.program(plan.pipeline_rank(rank));
    const std::int64_t before = memory_plan(draft, plan.training, program, rank).bytes;
    std::int64_t masters = 0;
    for (const passes::Trained& trained : program.trained)
      masters += (2 * plan.memory(rank).training.locations[trained.parameter].bytes + 255) / 256 * 256;
    add_masters(program);
    EXPECT_EQ(memory_plan(draft, plan.training, program, rank).bytes - before, masters);
  }
  for (passes::Program& program : plan.training.programs) add_masters(program);
  const std::vector<StateValue> all = state(plan);
  EXPECT_EQ(3 * all.size(), 4 * plain.size());
  for (const StateValue& value : all) {
    EXPECT_EQ(value.dtype, value.name.ends_with(".master") ? DType::f64 : DType::f32) << value.name;
    const maps::TransferPlan move = maps::fill(value.owned, value.held);
    EXPECT_EQ(move.target, value.held);
  }
}

}  // namespace
}  // namespace heddle::plan
