// The programs of a stage: who may depend on whom, how cotangents lie, and that nothing is missing
// or counted twice.
#include "heddle/passes/differentiate.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "layouts.hpp"

namespace heddle::passes {
namespace {

/// Calls f(program) for every stage of GPT-2 on many grids.
template <class F>
void for_each_program(F&& f) {
  for (const maps::Grid& grid : some_grids())
    for (ResidualStream stream : both_streams) {
      const Graph graph = parallelize(tests::small_gpt(3), grid, stream);
      const auto stages = partition(graph, balanced_cuts(graph, grid.extent(Axis::pipeline), one_sample));
      for (const PipelineRank i : stages.ids()) {
        f(differentiate(stages[i]));
        if (testing::Test::HasFailure()) FAIL() << "stage " << i << " on " << name(grid);
      }
    }
}

bool of_forward(Phase phase) { return phase == Phase::prologue || phase == Phase::forward; }

/// The phases in which a value is written.
std::set<Phase> written(const Program& program, ValueId id) {
  std::set<Phase> phases;
  for (std::size_t i = 0; i < program.graph.nodes.size(); ++i)
    if (std::ranges::count(program.graph.nodes[i].out, id)) phases.insert(program.graph.nodes[i].phase);
  return phases;
}

TEST(Differentiate, ProgramsFollowOneAnother) {
  for_each_program([](const Program& program) {
    const auto place = [](Phase phase) {
      return phase == Phase::backward_weight ? Phase::backward_input : phase;
    };
    EXPECT_TRUE(
        std::ranges::is_sorted(program.graph.nodes, {}, [&](const Node& node) { return place(node.phase); }));
  });
}

TEST(Differentiate, MapsStartBeforeTheGradientsOfWeightsThatMayRunMeanwhile) {
  int maps = 0;
  for_each_program([&](const Program& program) {
    for (std::size_t i = 1; i < program.graph.nodes.size(); ++i) {
      if (program.graph.nodes[i].op != Op::map || program.graph.nodes[i].phase != Phase::backward_input)
        continue;
      EXPECT_NE(program.graph.nodes[i - 1].phase, Phase::backward_weight);
      maps += program.graph.nodes[i + 1].phase == Phase::backward_weight;
    }
  });
  EXPECT_GT(maps, 0);
}

/// A sum over the microbatches is written at the loss or in W, and read in the epilogue.
bool sums(Phase phase, const graph::Value& value) {
  return phase == Phase::backward_weight || (phase == Phase::loss && value.role == Role::gradient);
}

/// F reads F, the loss F and itself, I and W read F, the loss and I, the epilogue reads sums: so W may wait
/// as long as a schedule likes.
TEST(Differentiate, InputGradientsNeverWaitForWeightGradients) {
  for_each_program([](const Program& program) {
    const Graph& graph = program.graph;
    std::vector<bool> known;
    for (const graph::Value& value : graph.values)
      known.push_back(value.role == Role::input || value.role == Role::parameter);
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
      const Phase phase = program.graph.nodes[i].phase;
      for (ValueId id : graph.nodes[i].in) {
        EXPECT_TRUE(known[id]) << graph[id].name << " is used before it is made";
        for (Phase source : written(program, id)) {
          const bool sum = sums(source, graph[id]);
          EXPECT_LE(static_cast<int>(source), static_cast<int>(phase)) << graph[id].name;
          EXPECT_TRUE(!sum || phase == Phase::epilogue) << graph[id].name << " is read before all is summed";
        }
        EXPECT_TRUE(phase != Phase::epilogue || graph[id].role == Role::gradient) << graph[id].name;
      }
      for (ValueId id : graph.nodes[i].out) known[id] = true;
    }
  });
}

TEST(Differentiate, OnlySumsOfGradientsAreWrittenTwice) {
  for_each_program([](const Program& program) {
    std::map<ValueId, int> writers;
    for (std::size_t i = 0; i < program.graph.nodes.size(); ++i)
      for (ValueId id : program.graph.nodes[i].out) {
        const bool sum = sums(program.graph.nodes[i].phase, program.graph[id]);
        EXPECT_TRUE(sum || ++writers[id] == 1) << program.graph[id].name;
        EXPECT_TRUE(!sum || program.graph[id].role == Role::gradient) << program.graph[id].name;
      }
    std::set<ValueId> trained;
    for (const Trained& t : program.trained) trained.insert(t.sums.begin(), t.sums.end());
    for (std::size_t i = 0; i < program.graph.nodes.size(); ++i)
      for (ValueId id : program.graph.nodes[i].out)
        EXPECT_EQ(trained.contains(id), sums(program.graph.nodes[i].phase, program.graph[id]))
            << program.graph[id].name;
  });
}

TEST(Differentiate, MapsOfEveryProgramAreTyped) {
  for_each_program([](const Program& program) {
    for (const Node& node : program.graph.nodes)
      if (const Map* map = tests::map_of(node)) expect_typed_map(program.graph, node, *map);
  });
}

void expect_dual(const Graph& graph, ValueId cotangent, ValueId primal) {
  EXPECT_EQ(graph[cotangent].layout, dual(graph[primal].layout)) << graph[cotangent].name;
  EXPECT_EQ(graph[cotangent].shape, graph[primal].shape) << graph[cotangent].name;
  EXPECT_EQ(graph[cotangent].dtype, graph[primal].dtype) << graph[cotangent].name;
}

/// The forward node whose input `input` is `value`.
const Node& user(const Program& program, Op op, std::size_t input, ValueId value) {
  for (const Node& node : program.graph.nodes)
    if (node.op == op && input < node.in.size() && node.in[input] == value) return node;
  throw Error(ExitCode::failure, "no such node");
}

/// Backward ops name what they are the adjoint of by one of its inputs.
void expect_dual_op(const Program& program, const Node& node) {
  const Graph& graph = program.graph;
  switch (node.op) {
    case Op::linear_input_gradient: {
      const Node& forward = user(program, Op::linear, 1, node.in[1]);
      expect_dual(graph, node.in[0], forward.out[0]);
      return expect_dual(graph, node.out[0], forward.in[0]);
    }
    case Op::attention_gradient:
      expect_dual(graph, node.in[0], node.in[1]);
      return expect_dual(graph, node.out[0], node.in[3]);
    case Op::layer_norm_input_gradient:
      expect_dual(graph, node.in[0], user(program, Op::layer_norm, 1, node.in[2]).out[0]);
      return expect_dual(graph, node.out[0], node.in[1]);
    case Op::log_probability_gradient:
      expect_dual(graph, node.in[3], user(program, Op::log_probability, 0, node.in[0]).out[0]);
      return expect_dual(graph, node.out[0], node.in[0]);
    case Op::nll_gradient: return expect_dual(graph, node.out[0], node.in[0]);
    case Op::bias_gelu_gradient: return expect_dual(graph, node.out[0], node.in[1]);
    case Op::add:
      EXPECT_EQ(graph[node.in[0]].layout, graph[node.out[0]].layout) << graph[node.out[0]].name;
      EXPECT_EQ(graph[node.in[1]].layout, graph[node.out[0]].layout) << graph[node.out[0]].name;
      return;
    case Op::dropout: EXPECT_EQ(graph[node.in[0]].layout, graph[node.out[0]].layout); return;
    default: return;
  }
}

TEST(Differentiate, ACotangentLiesInTheDualOfItsValuesLayout) {
  for_each_program([](const Program& program) {
    for (std::size_t i = 0; i < program.graph.nodes.size(); ++i)
      if (!of_forward(program.graph.nodes[i].phase)) expect_dual_op(program, program.graph.nodes[i]);
    ASSERT_EQ(program.borders[0].sent.size(), program.borders[0].received_cotangents.size());
    ASSERT_EQ(program.borders[0].received.size(), program.borders[0].sent_cotangents.size());
    for (std::size_t i = 0; i < program.borders[0].sent.size(); ++i)
      expect_dual(program.graph, program.borders[0].received_cotangents[i], program.borders[0].sent[i]);
    for (std::size_t i = 0; i < program.borders[0].received.size(); ++i)
      expect_dual(program.graph, program.borders[0].sent_cotangents[i], program.borders[0].received[i]);
  });
}

TEST(Differentiate, EveryMapsAdjointStandsInBackwardOnce) {
  for_each_program([](const Program& program) {
    std::multiset<std::string> expected, found;
    for (std::size_t i = 0; i < program.graph.nodes.size(); ++i) {
      const Node& node = program.graph.nodes[i];
      const Map* map = tests::map_of(node);
      const std::string& moved = program.graph[node.out[0]].name;
      if (!map || moved == "loss.log_sum") continue;  // the gradient of log_probability goes through it
      if (of_forward(program.graph.nodes[i].phase) ||
          (program.graph.nodes[i].phase == Phase::loss && !moved.starts_with("d.")))
        expected.insert(fmt::format("{} d.{}", name(adjoint(*map)), moved));
      else
        found.insert(fmt::format("{} {}", name(*map), moved));
    }
    EXPECT_EQ(found, expected);
  });
}

TEST(Differentiate, EveryParameterHasOneGradientInItsOwnLayout) {
  for_each_program([](const Program& program) {
    std::multiset<ValueId> trained;
    for (const Trained& t : program.trained) {
      trained.insert(t.parameter);
      EXPECT_EQ(program.graph[t.gradient].role, Role::gradient);
      EXPECT_EQ(program.graph[t.gradient].layout, program.graph[t.parameter].layout)
          << program.graph[t.parameter].name;
      expect_dual(program.graph, t.gradient, t.parameter);
      EXPECT_FALSE(t.sums.empty());
      for (ValueId sum : t.sums) {
        EXPECT_FALSE(written(program, sum).empty());
        for (Phase phase : written(program, sum)) EXPECT_TRUE(sums(phase, program.graph[sum]));
      }
    }
    const auto all = tests::parameters(program.graph);
    EXPECT_EQ(trained, (std::multiset<ValueId>{all.begin(), all.end()}));
  });
}

TEST(Differentiate, GradientsStandInTheOrderInWhichTheyBecomeFinal) {
  for_each_program([](const Program& program) {
    const auto last_write = [&](const Trained& trained) {
      std::size_t last = 0;
      for (std::size_t i = 0; i < program.graph.nodes.size(); ++i)
        for (ValueId sum : trained.sums)
          if (std::ranges::count(program.graph.nodes[i].out, sum)) last = i;
      return last;
    };
    EXPECT_TRUE(std::ranges::is_sorted(program.trained, {}, last_write));
  });
}

TEST(ForwardOnly, IsTheForwardPartOfTheWhole) {
  for (const maps::Grid& grid : {maps::Grid(), maps::Grid({2, 2, 2})}) {
    const Graph graph = parallelize(tests::small_gpt(), grid, ResidualStream::whole);
    for (const Share& stage :
         partition(graph, balanced_cuts(graph, grid.extent(Axis::pipeline), one_sample))) {
      const Program forward = forward_only(stage), whole = differentiate(stage);
      ASSERT_LT(forward.graph.nodes.size(), whole.graph.nodes.size());
      for (std::size_t i = 0; i < forward.graph.nodes.size(); ++i) {
        EXPECT_EQ(forward.graph.nodes[i].phase, whole.graph.nodes[i].phase);
        EXPECT_EQ(forward.graph.nodes[i].op, whole.graph.nodes[i].op);
        EXPECT_EQ(forward.graph.nodes[i].out, whole.graph.nodes[i].out);
        EXPECT_TRUE(of_forward(forward.graph.nodes[i].phase) || forward.graph.nodes[i].phase == Phase::loss);
      }
      EXPECT_EQ(forward.loss, whole.loss);
      EXPECT_TRUE(forward.trained.empty());
    }
  }
}

}  // namespace
}  // namespace heddle::passes
