// Where products want more columns than there are tokens, the plan has room for them, and for the rows that they meet.
#include <gtest/gtest.h>

#include "heddle/passes/parallelize.hpp"
#include "memory_walk.hpp"
#include "schedules.hpp"

namespace heddle::schedule {
namespace {

constexpr std::int64_t rows = 16, tokens = 50, width = 8, multiple = 64;
constexpr std::int64_t alignment = 256, number = 4;  // bytes

MemoryPlan plan_of(const passes::Program& program, const Row& row, int table_multiple) {
  return plan_memory({.program = program,
                      .grid = maps::Grid(),
                      .extents = graph::Extents::microbatch(1, rows),
                      .row = row,
                      .table_multiple = table_multiple});
}

/// How many locations of a plan are larger than those of one without padding, and all their bytes more.
struct Growth {
  int locations = 0;
  std::int64_t parameters = 0, gradients = 0, moments = 0;
};
Growth growth(const passes::Program& program) {
  const Schedule schedule = finish_step(add_communication(gpipe(1, 1)));
  const Row& row = schedule.rows[PipelineRank(0)];
  const MemoryPlan plain = plan_of(program, row, 1), padded = plan_of(program, row, multiple);
  const auto more = [&](FixedPool pool) { return padded[pool].bytes() - plain[pool].bytes(); };
  Growth found{0, more(FixedPool::parameters), more(FixedPool::gradients), more(FixedPool::moments)};
  for (std::size_t id = 0; id < program.graph.values.size(); ++id)
    found.locations += padded.locations[id].bytes > plain.locations[id].bytes;
  return found;
}

passes::Program training(const graph::Graph& graph) {
  return passes::differentiate(passes::partition(graph, {}).front());
}

TEST(Padding, IsBehindLogitsAndTheirTableAndWhatTheCotangentsOfBothAre) {
  const passes::Program program = training(toy_model());
  const Growth found = growth(program);
  EXPECT_EQ(found.locations, 4);
  const auto aligned = [](std::int64_t bytes) { return (bytes + alignment - 1) / alignment * alignment; };
  const std::int64_t more = aligned(multiple * width * number) - aligned(tokens * width * number);
  EXPECT_EQ(found.parameters, more);
  EXPECT_EQ(found.gradients, more);
  EXPECT_EQ(found.moments, 0);
}

TEST(Padding, IsSeenInTheShapeOfLogitsAlone) {
  const passes::Program program = training(toy_model());
  const Schedule schedule = finish_step(add_communication(gpipe(1, 1)));
  const MemoryPlan plan = plan_of(program, schedule.rows[PipelineRank(0)], multiple);
  int logits = 0;
  for (std::size_t id = 0; id < program.graph.values.size(); ++id) {
    const Shape& planned = plan.locations[id].shape;
    if (program.graph.values[id].shape == Shape{graph::rows, tokens}) {
      EXPECT_EQ(planned, (Shape{rows, multiple}));
      ++logits;
    } else {
      EXPECT_EQ(planned, graph::resolve(program.graph.values[id].shape, graph::Extents::microbatch(1, rows)));
    }
  }
  EXPECT_EQ(logits, 2);
}

/// A head whose logits another op takes whole rows of.
graph::Graph with_bias_of_head() {
  graph::Graph g = toy_model();
  const ValueId bias = g.add({.name = "bias", .role = Role::parameter, .shape = {tokens}});
  for (graph::Node& node : g.nodes)
    if (node.tail && node.op == Op::linear) node.in.push_back(bias);
  return g;
}

/// Logits that are handed out as well.
graph::Graph with_logits_handed_out() {
  graph::Graph g = toy_model();
  for (const graph::Node& node : g.nodes)
    if (node.tail && node.op == Op::linear) g.outputs.push_back(node.out[0]);
  return g;
}

TEST(Padding, IsNowhereIfWhoSeesLogitsKnowsNothingOfIt) {
  EXPECT_EQ(growth(training(with_bias_of_head())).locations, 0);
  const graph::Graph handed_out = with_logits_handed_out();
  EXPECT_EQ(growth(passes::forward_only(passes::partition(handed_out, {}).front())).locations, 0);
  EXPECT_EQ(growth(passes::forward_only(passes::partition(toy_model(), {}).front())).locations, 2)
      << "the same without it: logits and table";
}

TEST(Padding, SharesItsBytesWithNobody) {
  for (const int table_multiple : {7, 64})
    for (const maps::Grid& grid : {maps::Grid({1, 1, 1}), maps::Grid({1, 2, 1}), maps::Grid({1, 2, 4})})
      for (const int microbatches : {1, 3}) {
        const Schedule schedule =
            finish_step(add_communication(one_f_one_b(grid.extent(maps::Axis::pipeline), microbatches)));
        const graph::Extents extents = graph::Extents::microbatch(1, rows);
        const graph::Graph graph = parallelize(toy_model(), grid, passes::ResidualStream::whole);
        const auto shares = passes::partition(graph, passes::balanced_cuts(graph, schedule.stages(), extents),
                                              schedule.rank_of_stage);
        for (Rank rank = 0; rank < grid.size(); ++rank) {
          const PipelineRank place(grid.coordinates(rank)[maps::Axis::pipeline]);
          passes::Program program = passes::differentiate(shares[place]);
          program.loss_rows = 3;
          const PlanInput input{.program = program,
                                .grid = grid,
                                .rank = rank,
                                .extents = extents,
                                .row = schedule.rows[place],
                                .microbatches = microbatches,
                                .table_multiple = table_multiple};
          const MemoryPlan plan = plan_memory(input);
          Walk(input, plan).run(schedule, place);
          if (HasFailure()) FAIL() << "rank " << rank << " of " << maps::name(grid);
        }
      }
}

}  // namespace
}  // namespace heddle::schedule
