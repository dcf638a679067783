// The memory plan is held to what it promises: whatever a rank reads lies there as it was written.
#include "heddle/schedule/memory_plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "heddle/passes/parallelize.hpp"
#include "heddle/passes/rematerialize.hpp"
#include "heddle/schedule/zb_hand_made.hpp"
#include "memory_walk.hpp"
#include "schedules.hpp"

namespace heddle::schedule {
namespace {

using maps::Axis;

/// What is run: all kept and the loss at once, or less of both.
enum class Keeps { all, what_is_dear, inputs_of_layers };

passes::Program program_of(const passes::Share& share, Keeps keeps) {
  passes::Program program = passes::differentiate(share);
  if (keeps == Keeps::all) return program;
  program.loss_rows = 3;  // does not divide 16, nor 8
  const std::vector<passes::Recompute> by_block(
      100, keeps == Keeps::inputs_of_layers ? passes::Recompute::block : passes::Recompute::none);
  const passes::Retentions retentions = passes::retentions(program, by_block);
  return passes::rematerialize(std::move(program), retentions);
}

void walk_all(const maps::Grid& grid, passes::ResidualStream stream, const Schedule& schedule, int lookahead,
              Keeps keeps) {
  const graph::Graph graph = parallelize(toy_model(), grid, stream);
  const auto shares = passes::partition(
      graph, passes::balanced_cuts(graph, schedule.stages(), graph::Extents::microbatch(1, 16)),
      schedule.rank_of_stage);
  for (int rank = 0; rank < grid.size(); ++rank) {
    const PipelineRank place(grid.coordinates(rank)[Axis::pipeline]);
    const passes::Program program = program_of(shares[place], keeps);
    const PlanInput input{.program = program,
                          .grid = grid,
                          .rank = rank,
                          .extents = graph::Extents::microbatch(1, 16),
                          .row = schedule.rows[place],
                          .microbatches = schedule.microbatches,
                          .window = schedule.window,
                          .lookahead = lookahead};
    const MemoryPlan plan = plan_memory(input);
    Walk(input, plan).run(schedule, place);
    if (testing::Test::HasFailure()) FAIL() << "rank " << rank << " of " << maps::name(grid);
  }
}

TEST(MemoryPlan, WhatIsReadWasWrittenThere) {
  for (const maps::Grid& grid :
       {maps::Grid({1, 1, 1}), maps::Grid({1, 2, 1}), maps::Grid({2, 3, 2}), maps::Grid({1, 4, 4})})
    for (auto stream : {passes::ResidualStream::whole, passes::ResidualStream::split_rows})
      for (Keeps keeps : {Keeps::all, Keeps::what_is_dear, Keeps::inputs_of_layers})
        for (int microbatches : {1, 2, 3, 8})
          for (int lookahead : {1, 2, 5}) {
            const int stages = grid.extent(Axis::pipeline);
            walk_all(grid, stream, finish_step(add_communication(gpipe(stages, microbatches))), lookahead,
                     keeps);
            walk_all(grid, stream, finish_step(add_communication(one_f_one_b(stages, microbatches))),
                     lookahead, keeps);
          }
}

TEST(MemoryPlan, WhatIsReadWasWrittenThereWhenBackwardIsSplit) {
  const Schedule split =
      add_communication(read_schedule("0F0,0F1,0F2,,0I0,0W0,0I1,0F3,0I2,0W1,0W2,0I3,0W3\n"
                                      ",1F0,1I0,1F1,1I1,1F2,1W0,1I2,1W1,1F3,1I3,1W2,1W3\n"));
  for (int lookahead : {1, 3})
    for (Keeps keeps : {Keeps::all, Keeps::what_is_dear, Keeps::inputs_of_layers})
      walk_all(maps::Grid({1, 2, 2}), passes::ResidualStream::whole, split, lookahead, keeps);
}

TEST(MemoryPlan, WhatIsReadWasWrittenThereWhereARankHoldsSeveralStages) {
  const Schedule looped = read_schedule("0F0,0F1,2F0,2F1,2B0,2B1,0B0,0B1\n1F0,1F1,3F0,3F1,3B0,3B1,1B0,1B1\n"),
                 neighbours = read_schedule(
                     "0F0,1F0,0F1,1F1,1I0,0I0,1B1,1W0,0B1,0W0\n"
                     "2F0,3F0,3B0,2B0,2F1,3F1,3B1,2I1,2W1\n"),
                 one_rank = read_schedule("0F0,1F0,2F0,0F1,2B0,1F1,1B0,2F1,2B1,0B0,1B1,0B1\n");
  for (const Schedule& compute : {v_shaped(), looped, neighbours, one_rank})
    for (int tensor : {1, 2})
      for (Keeps keeps : {Keeps::all, Keeps::what_is_dear})
        for (int lookahead : {1, 2, 5})
          walk_all(maps::Grid({1, compute.ranks(), tensor}), passes::ResidualStream::whole,
                   finish_step(add_communication(compute)), lookahead, keeps);
}

TEST(MemoryPlan, WhatIsReadWasWrittenThereWhereARankMayChoose) {
  for (int window : {2, 5, 16, 1000})
    for (int microbatches : {1, 4, 9})
      for (Keeps keeps : {Keeps::all, Keeps::what_is_dear})
        for (int lookahead : {1, 4}) {
          Schedule split = finish_step(add_communication(zb_h1(3, microbatches))),
                   whole = finish_step(add_communication(gpipe(3, microbatches)));
          split.window = whole.window = window;
          for (const Schedule& schedule : {split, whole})
            walk_all(maps::Grid({1, 3, 1}), passes::ResidualStream::whole, schedule, lookahead, keeps);
        }
}

TEST(MemoryPlan, OfLogitsAndTheirCotangentAChunkIsAllThereIs) {
  const passes::Share stage = passes::partition(toy_model(), {}).front();
  const Schedule schedule = finish_step(add_communication(gpipe(1, 2)));
  const auto logits = [&](std::int64_t loss_rows) {
    passes::Program program = passes::differentiate(stage);
    program.loss_rows = loss_rows;
    const MemoryPlan plan = plan_memory({.program = program,
                                         .grid = maps::Grid(),
                                         .extents = graph::Extents::microbatch(1, 16),
                                         .row = schedule.rows[PipelineRank(0)],
                                         .microbatches = 2});
    std::vector<std::int64_t> rows;
    for (std::size_t id = 0; id < plan.locations.size(); ++id)
      if (program.graph.values[id].shape == Shape{graph::rows, 50}) {
        rows.push_back(plan.locations[id].shape[0]);
        EXPECT_EQ(plan.locations[id].pool, static_cast<int>(FixedPool::scratch));
      }
    EXPECT_EQ(rows.size(), 2u);
    return rows;
  };
  EXPECT_EQ(logits(0), (std::vector<std::int64_t>{16, 16}));
  EXPECT_EQ(logits(16), (std::vector<std::int64_t>{16, 16}));
  EXPECT_EQ(logits(15), (std::vector<std::int64_t>{8, 8}));
  EXPECT_EQ(logits(7), (std::vector<std::int64_t>{6, 6}));
  EXPECT_EQ(logits(1), (std::vector<std::int64_t>{1, 1}));
}

TEST(MemoryPlan, ForwardUsesTheMemoryOfGradientsThatBackwardHasYetToBegin) {
  const passes::Program program = passes::differentiate(passes::partition(toy_model(), {}).front());
  const auto planned = [&](const Schedule& schedule) {
    return plan_memory({.program = program,
                        .grid = maps::Grid(),
                        .extents = graph::Extents::microbatch(1, 16),
                        .row = schedule.rows[PipelineRank(0)],
                        .microbatches = schedule.microbatches});
  };
  const auto lowest = [](const MemoryPlan& plan) {
    std::int64_t offset = 0;
    for (const Location& place : plan.locations) offset = std::min(offset, place.offset);
    return offset;
  };
  const MemoryPlan all_forwards_first = planned(finish_step(gpipe(1, 2))),
                   in_turns = planned(finish_step(one_f_one_b(1, 2)));
  EXPECT_LT(all_forwards_first[FixedPool::scratch].bytes(), in_turns[FixedPool::scratch].bytes());
  EXPECT_LT(lowest(all_forwards_first), 0);
  EXPECT_EQ(lowest(in_turns), 0);
}

TEST(MemoryPlan, GPipeKeepsAFrameForEachMicrobatchAnd1F1BForThoseOnTheWay) {
  const maps::Grid grid({1, 4, 1});
  const auto parts = passes::partition(toy_model(), {2, 4, 6});
  const auto frames = [&](const Schedule& schedule, PipelineRank rank) {
    const passes::Program program = passes::differentiate(parts[rank]);
    const MemoryPlan plan = plan_memory({.program = program,
                                         .grid = grid,
                                         .rank = int{rank},
                                         .extents = graph::Extents::microbatch(1, 16),
                                         .row = schedule.rows[rank],
                                         .microbatches = 8});
    for (const Pool& pool : plan.pools)
      if (pool.name == "frame F to B") return pool.slot_count;
    return 0;
  };
  for (const PipelineRank rank : first<PipelineRank>(4)) {
    EXPECT_EQ(frames(add_communication(gpipe(4, 8)), rank), 8);
    EXPECT_EQ(frames(add_communication(one_f_one_b(4, 8)), rank), 4 - rank);
  }
}

}  // namespace
}  // namespace heddle::schedule
