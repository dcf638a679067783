// Where a library does attention, its workspace is planned: scratch that nobody else needs while the node runs.
#include <gtest/gtest.h>

#include "heddle/base/attention_memory.hpp"
#include "heddle/passes/number_types.hpp"
#include "heddle/passes/parallelize.hpp"
#include "heddle/passes/rematerialize.hpp"
#include "memory_walk.hpp"
#include "schedules.hpp"

namespace heddle::schedule {
namespace {

constexpr std::int64_t sequence = 64, samples = 2, heads = 4, dim = 8;
const graph::Extents extents = graph::Extents::microbatch(samples, sequence);

/// Four layers of attention alone.
graph::Graph attending_model(double dropout) {
  graph::Graph g;
  const auto parameter = [&](const std::string& name, Shape shape) {
    return g.add({.name = name, .role = Role::parameter, .shape = shape});
  };
  const auto input = [&](const char* name) {
    return g.add({.name = name, .role = Role::input, .dtype = DType::i32, .shape = {graph::rows}});
  };
  const ValueId tokens = input("tokens"), targets = input("targets"), table = parameter("table", {50, 16});
  ValueId x = append(g, Op::embedding, {table, tokens}, "x")[0];
  for (int layer = 0; layer < 4; ++layer) {
    const std::string p = fmt::format("{}.", layer);
    const graph::BlockId block(layer + 1);
    const ValueId w = parameter(p + "w", {3, heads, dim, 16}), b = parameter(p + "b", {3, heads, dim}),
                  out = parameter(p + "out", {16, heads, dim});
    const ValueId qkv = append(g, Op::linear, {x, w, b}, p + "qkv", graph::Linear{.split_out = 1}, block)[0];
    const ValueId y = append(g, Op::attention, {qkv}, p + "y", graph::Attention{1, {dropout, p}}, block)[0];
    const ValueId z = append(g, Op::linear, {y, out}, p + "z", graph::Linear{}, block)[0];
    x = append(g, Op::add, {x, z}, p + "x", {}, block)[0];
  }
  append_loss(g, x, table, targets, graph::BlockId(5));
  return g;
}

struct Attending {
  Precision precision = Precision::bf16;
  double dropout = 0;
  AttentionBy attention = AttentionBy::library;
  passes::Recompute recompute = passes::Recompute::none;
  maps::Grid grid = maps::Grid();
};

/// By pipeline rank.
ById<PipelineRank, passes::Program> programs_of(const Attending& how, const Schedule& schedule) {
  const graph::Graph graph = passes::with_types(
      passes::parallelize(attending_model(how.dropout), how.grid, passes::ResidualStream::whole),
      how.precision);
  ById<PipelineRank, passes::Program> programs;
  for (const passes::Share& share : passes::partition(
           graph, passes::balanced_cuts(graph, schedule.stages(), extents), schedule.rank_of_stage)) {
    passes::Program program = passes::differentiate(share);
    const ById<graph::BlockId, passes::Recompute> by_block(100, how.recompute);
    const passes::Retentions retentions = passes::retentions(program, by_block);
    programs.push_back(passes::rematerialize(std::move(program), retentions));
  }
  return programs;
}

/// It refers to all of these.
PlanInput input_of(const Attending& how, const Schedule& schedule, const passes::Program& program,
                   Rank rank) {
  return {.program = program,
          .grid = how.grid,
          .rank = rank,
          .extents = extents,
          .row = schedule.rows[PipelineRank(how.grid.coordinates(rank)[maps::Axis::pipeline])],
          .microbatches = schedule.microbatches,
          .window = schedule.window,
          .attention = how.attention};
}

/// The bytes of each workspace, by the op that it is of.
std::multimap<Op, std::int64_t> workspaces(const passes::Program& program, const MemoryPlan& plan) {
  std::multimap<Op, std::int64_t> found;
  for (std::size_t i = 0; i < program.graph.nodes.size(); ++i)
    if (const int id = plan.workspaces[i]; id >= 0)
      found.emplace(program.graph.nodes[i].op, plan.locations[static_cast<std::size_t>(id)].bytes);
  return found;
}

std::multimap<Op, std::int64_t> workspaces_of(const Attending& how) {
  const Schedule schedule = finish_step(add_communication(gpipe(1, 2)));
  const auto programs = programs_of(how, schedule);
  const passes::Program& program = programs[PipelineRank(0)];
  return workspaces(program, plan_memory(input_of(how, schedule, program, 0)));
}

TEST(Workspace, IsOfAttentionThatTheLibraryTakes) {
  using fused_attention::Pass;
  const fused_attention::Call call{DType::bf16, samples, sequence, heads, dim, 0};
  const auto found = workspaces_of({});
  EXPECT_EQ(found.size(), 8U) << "four layers forward, and four backward";
  for (const auto& [op, bytes] : found)
    EXPECT_EQ(bytes, workspace_bytes(op == Op::attention ? Pass::forward : Pass::backward, call));
  EXPECT_EQ(workspaces_of({.recompute = passes::Recompute::block}).count(Op::attention), 8U)
      << "what backward makes anew has one too";
  EXPECT_EQ(workspaces_of({.precision = Precision::fp32}).size(), 0U) << "its tiles fit near memory";
}

TEST(Workspace, IsOfAttentionThatTheLibraryDoesNotTake) {
  using fused_attention::Pass;
  const fused_attention::Call call{DType::bf16, samples, sequence, heads, dim, 0.1};
  const std::int64_t bytes = tiled_attention::workspace_bytes(Pass::backward, call);
  EXPECT_GE(bytes, samples * heads * 2 * sequence * dim * size_of(DType::f32)) << "dk and dv of every head";
  for (const auto by : {AttentionBy::device, AttentionBy::library}) {
    const auto found = workspaces_of({.dropout = 0.1, .attention = by});
    EXPECT_EQ(found.count(Op::attention_gradient), 4U);
    EXPECT_EQ(found.count(Op::attention), 0U) << "its tiles fit near memory";
    for (const auto& [op, held] : found) EXPECT_EQ(held, bytes);
  }
  EXPECT_EQ(workspaces_of({.attention = AttentionBy::device}).count(Op::attention_gradient), 4U)
      << "without a library";
  EXPECT_EQ(workspaces_of({.dropout = 0.1, .attention = AttentionBy::host}).size(), 0U);
}

TEST(Workspace, IsOfTheHeadsAndSamplesOfARank) {
  const Attending how{.grid = maps::Grid({2, 1, 2})};
  const auto found = workspaces_of(how);
  EXPECT_EQ(found.count(Op::attention_gradient), 4U);
  for (const auto& [op, bytes] : found)
    if (op == Op::attention_gradient) {
      EXPECT_EQ(bytes, workspace_bytes(fused_attention::Pass::backward,
                                       {DType::bf16, samples / 2, sequence, heads / 2, dim, 0}));
    }
}

TEST(Workspace, NobodyAsksForOneWhereThereIsNoLibrary) {
  const Schedule schedule = finish_step(add_communication(gpipe(1, 2)));
  const Attending how;
  const auto programs = programs_of(how, schedule);
  const passes::Program& program = programs[PipelineRank(0)];
  PlanInput input = input_of(how, schedule, program, 0);
  const std::int64_t with = plan_memory(input).bytes;
  input.attention = AttentionBy::host;
  const MemoryPlan without = plan_memory(input);
  EXPECT_TRUE(workspaces(program, without).empty());
  EXPECT_EQ(without.locations.size(), program.graph.values.size());
  EXPECT_GT(with, without.bytes) << "and where there is one, the arena holds it";
}

TEST(Workspace, LeavesAloneWhatIsReadWhileItsNodeRunsAndAfterwards) {
  const Schedule split =
      add_communication(read_schedule("0F0,0F1,0F2,,0I0,0W0,0I1,0F3,0I2,0W1,0W2,0I3,0W3\n"
                                      ",1F0,1I0,1F1,1I1,1F2,1W0,1I2,1W1,1F3,1I3,1W2,1W3\n"));
  for (const Schedule& schedule : {finish_step(add_communication(gpipe(2, 2))),
                                   finish_step(add_communication(one_f_one_b(2, 3))), split})
    for (const auto recompute :
         {passes::Recompute::none, passes::Recompute::attention, passes::Recompute::block}) {
      const Attending how{.recompute = recompute, .grid = maps::Grid({1, 2, 2})};
      const auto programs = programs_of(how, schedule);
      for (Rank rank = 0; rank < how.grid.size(); ++rank) {
        const PipelineRank place(how.grid.coordinates(rank)[maps::Axis::pipeline]);
        const PlanInput input = input_of(how, schedule, programs[place], rank);
        const MemoryPlan plan = plan_memory(input);
        Walk(input, plan).run(schedule, place);
        if (testing::Test::HasFailure()) FAIL() << "rank " << rank;
      }
    }
}

}  // namespace
}  // namespace heddle::schedule
