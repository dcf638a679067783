// What backward recomputes it no longer keeps, it stands before its use in the phase of its users, and
// nothing else has changed.
#include "heddle/passes/rematerialize.hpp"

#include <gtest/gtest.h>

#include <set>

#include "layouts.hpp"

namespace heddle::passes {
namespace {

bool of_backward(Phase phase) { return phase == Phase::backward_input || phase == Phase::backward_weight; }

/// Calls f(program) for every stage of GPT-2 on many grids, differentiated and with what is cheap recomputed.
template <class F>
void for_each_program(ResidualStream stream, F&& f) {
  for (const maps::Grid& grid : some_grids()) {
    const Graph graph = parallelize(tests::small_gpt(3), grid, stream);
    for (const Share& stage :
         partition(graph, balanced_cuts(graph, grid.extent(Axis::pipeline), one_sample))) {
      const Program plain = differentiate(stage);
      f(plain, rematerialize(plain, retentions(plain, {})));
      if (testing::Test::HasFailure()) FAIL() << name(grid);
    }
  }
}

/// The ops of forward, but for maps, of whose outputs backward reads one.
std::multiset<Op> kept(const Program& program) {
  std::set<ValueId> read;
  for (std::size_t i = 0; i < program.graph.nodes.size(); ++i)
    if (of_backward(program.graph.nodes[i].phase))
      read.insert(program.graph.nodes[i].in.begin(), program.graph.nodes[i].in.end());
  std::multiset<Op> ops;
  for (std::size_t i = 0; i < program.graph.nodes.size(); ++i)
    if (program.graph.nodes[i].phase == Phase::forward && read.contains(program.graph.nodes[i].out.front()))
      ops.insert(program.graph.nodes[i].op);
  return ops;
}

TEST(Rematerialize, BackwardReadsNoOutputOfWhatIsCheap) {
  for (ResidualStream stream : both_streams)
    for_each_program(stream, [](const Program& plain, const Program& program) {
      EXPECT_EQ(kept(program).count(Op::bias_gelu), 0u);
      EXPECT_EQ(kept(program).count(Op::layer_norm), 0u);
      EXPECT_EQ(kept(program).count(Op::attention), kept(plain).count(Op::attention));
      EXPECT_EQ(kept(program).count(Op::linear), kept(plain).count(Op::linear));
    });
}

/// A gathered norm comes out of communication: it is kept, so the norm's copy is not made.
TEST(Rematerialize, WhatWasGatheredIsKept) {
  const Graph graph = parallelize(tests::small_gpt(), maps::Grid({1, 1, 2}), ResidualStream::split_rows);
  const Program plain = differentiate(partition(graph, {}).front());
  const Program program = rematerialize(plain, retentions(plain, {}));
  const auto count = [](const Program& p, Op op) { return std::ranges::count(p.graph.nodes, op, &Node::op); };
  EXPECT_EQ(kept(program).count(Op::map), kept(plain).count(Op::map));
  EXPECT_EQ(count(program, Op::layer_norm_apply), 0);
  EXPECT_EQ(count(program, Op::bias_gelu), 2 * count(plain, Op::bias_gelu));
}

TEST(Rematerialize, CopiesFollowAMapThatMovesNothing) {
  const Graph graph = parallelize(tests::small_gpt(), maps::Grid({1, 1, 2}), ResidualStream::whole);
  const Program plain = differentiate(partition(graph, {}).front());
  const Program program = rematerialize(plain, retentions(plain, {}));
  int copies = 0;
  for (std::size_t i = 0; i < program.graph.nodes.size(); ++i) {
    const Node& node = program.graph.nodes[i];
    if (node.op != Op::layer_norm_apply) continue;
    const Node& next = program.graph.nodes[i + 1];
    ASSERT_TRUE(tests::map_of(next));
    EXPECT_EQ(tests::map_of(next)->kind, MapKind::broadcast);
    EXPECT_EQ(next.in, node.out);
    EXPECT_EQ(program.graph.nodes[i + 1].phase, program.graph.nodes[i].phase);
    ++copies;
  }
  EXPECT_GT(copies, 0);
}

/// In GPT-2 weight gradients alone read what is recomputed.
TEST(Rematerialize, CopiesStandInThePhaseOfTheirUsersBeforeTheFirst) {
  for (ResidualStream stream : both_streams)
    for_each_program(stream, [](const Program&, const Program& program) {
      const Graph& graph = program.graph;
      std::vector<bool> known;
      for (const graph::Value& value : graph.values)
        known.push_back(value.role == Role::input || value.role == Role::parameter);
      for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
        for (ValueId id : graph.nodes[i].in) EXPECT_TRUE(known[id]) << graph[id].name;
        for (ValueId id : graph.nodes[i].out) {
          known[id] = true;
          if (graph[id].name.starts_with("recomputed.")) {
            EXPECT_EQ(program.graph.nodes[i].phase, Phase::backward_weight) << graph[id].name;
          }
        }
      }
    });
}

TEST(Rematerialize, ACopyThatInputGradientsReadBelongsToThem) {
  Graph graph;
  const ValueId input = graph.add({.name = "input", .role = Role::input, .shape = {graph::rows, 4}});
  const ValueId bias = graph.add({.name = "bias", .role = Role::parameter, .shape = {4}});
  const ValueId x = append(graph, Op::bias_gelu, {input, bias}, "x").front();
  graph.outputs = append(graph, Op::bias_gelu, {x, bias}, "y", {}, graph::BlockId(1));
  const ValueId z =
      append(graph, Op::bias_gelu, {graph.outputs[0], bias}, "z", {}, graph::BlockId(2)).front();
  graph.outputs = {z};
  const Program plain = differentiate(partition(graph, {2}).front());
  // y's gradient reads x
  const Program program = rematerialize(plain, Retentions(plain.graph.values.size(), Retention::cheap));
  const auto copy = std::ranges::find(program.graph.values, "recomputed.x", &graph::Value::name);
  ASSERT_NE(copy, program.graph.values.end());
  const auto id = static_cast<ValueId>(copy - program.graph.values.begin());
  for (std::size_t i = 0; i < program.graph.nodes.size(); ++i)
    if (std::ranges::count(program.graph.nodes[i].out, id)) {
      EXPECT_EQ(program.graph.nodes[i].phase, Phase::backward_input);
    }
}

TEST(Rematerialize, WithoutAChoiceNothingChanges) {
  for_each_program(ResidualStream::whole, [](const Program& plain, const Program&) {
    const Program program = rematerialize(plain, Retentions(plain.graph.values.size(), Retention::saved));
    EXPECT_EQ(graph::text(program.graph), graph::text(plain.graph));
    EXPECT_TRUE(std::ranges::equal(program.graph.nodes, plain.graph.nodes, {}, &graph::Node::phase,
                                   &graph::Node::phase));
  });
}

/// Calls f(plain, program) for every stage of GPT-2 on many grids, all of its blocks treated alike.
template <class F>
void for_each_program(Recompute recompute, F&& f) {
  for (ResidualStream stream : both_streams)
    for (const maps::Grid& grid : some_grids()) {
      const Graph graph = parallelize(tests::small_gpt(3), grid, stream);
      for (const Share& share :
           partition(graph, balanced_cuts(graph, grid.extent(Axis::pipeline), one_sample))) {
        const Program plain = differentiate(share);
        f(plain, rematerialize(plain, retentions(plain, std::vector<Recompute>(5, recompute))));
        if (testing::Test::HasFailure()) FAIL() << name(grid);
      }
    }
}

std::size_t made(const Program& program, Op op, bool recomputed) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < program.graph.nodes.size(); ++i)
    count += program.graph.nodes[i].op == op && program.graph.nodes[i].recomputed == recomputed &&
             program.graph.nodes[i].phase != Phase::prologue && program.graph.nodes[i].phase != Phase::loss;
  return count;
}

TEST(Rematerialize, AttentionIsMadeAnewFromQueriesKeysAndValues) {
  for_each_program(Recompute::attention, [](const Program& plain, const Program& program) {
    EXPECT_EQ(kept(program).count(Op::attention), 0u);
    EXPECT_EQ(kept(program).count(Op::linear), kept(plain).count(Op::linear));
    EXPECT_EQ(made(program, Op::attention, true), made(plain, Op::attention, false));
    EXPECT_EQ(made(program, Op::linear, true), 0u);
  });
}

TEST(Rematerialize, OfABlockItsInputIsKept) {
  for_each_program(Recompute::block, [](const Program& plain, const Program& program) {
    std::set<ValueId> inputs;
    for (std::size_t i = 0; i < program.graph.nodes.size(); ++i)  // what one block makes and another reads
      if (program.graph.nodes[i].phase == Phase::forward)
        for (ValueId id : program.graph.nodes[i].in)
          if (const Node* node = tests::maker(program.graph, id);
              node && node->block != program.graph.nodes[i].block)
            inputs.insert(id);
    for (std::size_t i = 0; i < program.graph.nodes.size(); ++i) {
      if (!of_backward(program.graph.nodes[i].phase)) continue;
      for (ValueId id : program.graph.nodes[i].in)
        for (std::size_t k = 0; k < program.graph.nodes.size(); ++k)
          if (program.graph.nodes[k].phase == Phase::forward &&
              std::ranges::count(program.graph.nodes[k].out, id)) {
            const Map* map = tests::map_of(program.graph.nodes[k]);
            const bool follows = map && !communicates(map->kind);
            EXPECT_TRUE(inputs.contains(follows ? program.graph.nodes[k].in[0] : id))
                << program.graph[id].name << " is kept";
          }
    }
    EXPECT_EQ(made(program, Op::attention, true), made(plain, Op::attention, false));
  });
}

/// The product that ends a layer is read by none of backward: three of the four are made again.
TEST(Rematerialize, WhatBackwardDoesNotReadIsNotMadeAgain) {
  for_each_program(Recompute::block, [](const Program& plain, const Program& program) {
    EXPECT_EQ(4 * made(program, Op::linear, true), 3 * made(plain, Op::linear, false));
    for (std::size_t i = 0; i < program.graph.nodes.size(); ++i) {
      if (!program.graph.nodes[i].recomputed) continue;
      EXPECT_FALSE(program.graph[program.graph.nodes[i].out[0]].name.ends_with("mlp.down"));
      EXPECT_TRUE(program.graph[program.graph.nodes[i].out[0]].name.starts_with("recomputed."));
    }
  });
}

/// W alone reads some copies; whatever I reads is made in I, and nothing twice.
TEST(Rematerialize, InputGradientsNeverWaitForACopyOfW) {
  for_each_program(Recompute::block, [](const Program&, const Program& program) {
    const Graph& graph = program.graph;
    std::vector<bool> of_input, known;
    for (const graph::Value& value : graph.values) {
      known.push_back(value.role == Role::input || value.role == Role::parameter);
      of_input.push_back(true);
    }
    std::multiset<std::string> copies;
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
      for (ValueId id : graph.nodes[i].in) {
        EXPECT_TRUE(known[id] || graph[id].role == Role::gradient) << graph[id].name;
        if (program.graph.nodes[i].phase == Phase::backward_input) {
          EXPECT_TRUE(of_input[id]) << graph[id].name;
        }
      }
      for (ValueId id : graph.nodes[i].out) {
        known[id] = true;
        of_input[id] = program.graph.nodes[i].phase != Phase::backward_weight;
      }
      if (program.graph.nodes[i].recomputed)
        copies.insert(name(graph[graph.nodes[i].out[0]].layout) + graph[graph.nodes[i].out[0]].name);
    }
    for (const std::string& copy : copies) EXPECT_EQ(copies.count(copy), 1u) << copy;
  });
}

/// The maps of the tensor axis whose results backward reads are carried out again: the sum that ends
/// attention, and where rows are split, the gathered norms.
TEST(Rematerialize, MapsOverOtherRanksAreMadeAgain) {
  const auto maps_again = [](ResidualStream stream) {
    const Graph graph = parallelize(tests::small_gpt(1), maps::Grid({1, 1, 2}), stream);
    const Program plain = differentiate(partition(graph, {}).front());
    const Program program =
        rematerialize(plain, retentions(plain, std::vector<Recompute>(3, Recompute::block)));
    std::vector<std::string> names;
    for (std::size_t i = 0; i < program.graph.nodes.size(); ++i)
      if (const Map* map = tests::map_of(program.graph.nodes[i]);
          map && program.graph.nodes[i].recomputed && communicates(map->kind))
        names.push_back(name(*map) + " " + program.graph[program.graph.nodes[i].out[0]].name);
    return names;
  };
  EXPECT_EQ(maps_again(ResidualStream::whole),
            std::vector<std::string>{"sum_reduce(tensor) recomputed.layers.0.attention.out"});
  EXPECT_EQ(maps_again(ResidualStream::split_rows),
            (std::vector<std::string>{"all_gather(tensor, dim 0) recomputed.layers.0.norm1",
                                      "reduce_scatter(tensor, dim 0) recomputed.layers.0.attention.out",
                                      "all_gather(tensor, dim 0) recomputed.layers.0.norm2"}));
}

}  // namespace
}  // namespace heddle::passes
