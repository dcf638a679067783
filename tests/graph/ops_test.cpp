// No op lacks one of its parts, and the parts agree with each other.
#include "heddle/graph/ops.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "samples.hpp"

namespace heddle::graph {
namespace {

enum class Kind { forward, cotangent, parameter_gradient, measure, update };

Kind kind_of(Op op) {
  switch (op) {
    case Op::embedding_gradient:
    case Op::position_gradient:
    case Op::layer_norm_parameter_gradient:
    case Op::linear_weight_gradient:
    case Op::bias_gradient: return Kind::parameter_gradient;
    case Op::layer_norm_apply:
    case Op::residual_norm:
    case Op::layer_norm_input_gradient:
    case Op::linear_input_gradient:
    case Op::linear_gelu_gradient:
    case Op::bias_gelu_gradient:
    case Op::attention_gradient:
    case Op::log_probability_gradient:
    case Op::nll_gradient: return Kind::cotangent;
    case Op::sum_of_squares: return Kind::measure;
    case Op::adamw:
    case Op::restore: return Kind::update;
    default: return Kind::forward;
  }
}

std::vector<Op> all_ops() {
  std::vector<Op> ops;
  for (int i = 0; i < op_count; ++i) ops.push_back(static_cast<Op>(i));
  return ops;
}

TEST(OpTable, EveryOpHasAllItsParts) {
  for (Op op : all_ops()) {
    const OpDefinition& parts = definition(op);
    EXPECT_FALSE(parts.types.in.empty() || parts.types.out.empty()) << name(op);
    const Kind kind = kind_of(op);
    EXPECT_TRUE(parts.flops) << name(op);
    EXPECT_EQ(parts.shape != nullptr, kind != Kind::parameter_gradient && kind != Kind::update) << name(op);
    EXPECT_EQ(parts.layout != nullptr, kind == Kind::forward) << name(op);
    EXPECT_EQ(parts.adjoint != nullptr, kind == Kind::forward && op != Op::log_sum_exp) << name(op);
  }
}

TEST(OpTable, NamesAreUnique) {
  std::set<std::string_view> names;
  for (Op op : all_ops()) {
    EXPECT_FALSE(name(op).empty());
    EXPECT_TRUE(names.insert(name(op)).second) << name(op);
  }
}

TEST(OpTable, SamplesMissNoForwardOp) {
  std::set<Op> sampled;
  for (const Sample& sample : forward_samples()) sampled.insert(sample.op);
  for (Op op : all_ops()) EXPECT_EQ(sampled.contains(op), kind_of(op) == Kind::forward) << name(op);
}

TEST(Shapes, OfEveryForwardOp) {
  for (const Sample& sample : forward_samples()) {
    const Graph graph = graph_of(sample);
    const Node& node = graph.nodes.front();
    ASSERT_EQ(node.out.size(), sample.out.size()) << name(sample.op);
    for (std::size_t i = 0; i < node.out.size(); ++i)
      EXPECT_EQ(graph[node.out[i]].shape, sample.out[i]) << name(sample.op) << " output " << i;
  }
}

TEST(NumberTypes, OfAModelInOneTypeAreThatTypeAndTheLossIsDouble) {
  for (DType dtype : {DType::f32, DType::f64})
    for (Sample sample : forward_samples()) {
      if (sample.op == Op::convert) continue;
      for (Value& value : sample.in)
        if (value.dtype != DType::i32) value.dtype = dtype;
      const Graph graph = graph_of(sample);
      check_types(graph);
      for (ValueId id : graph.nodes.front().out)
        EXPECT_EQ(graph[id].dtype, sample.op == Op::nll ? DType::f64 : dtype) << name(sample.op);
    }
}

TEST(NumberTypes, WhereNumbersStreamAsBf16StatisticsAreFp32) {
  const auto made = [](Op op) {
    const std::vector<Sample> samples = forward_samples();
    Sample sample = *std::ranges::find(samples, op, &Sample::op);
    for (std::size_t i = 0; i < sample.in.size(); ++i)
      if (definition(op).types.of_input(i) == 's') sample.in[i].dtype = DType::bf16;
    const Graph graph = graph_of(sample);
    check_types(graph);
    std::vector<DType> types;
    for (ValueId id : graph.nodes.front().out) types.push_back(graph[id].dtype);
    return types;
  };
  EXPECT_EQ(made(Op::layer_norm), (std::vector{DType::bf16, DType::f32, DType::f32}));
  EXPECT_EQ(made(Op::attention), (std::vector{DType::bf16, DType::f32}));
  EXPECT_EQ(made(Op::linear), (std::vector{DType::bf16}));
  EXPECT_EQ(made(Op::log_sum_exp), (std::vector{DType::f32}));
  EXPECT_EQ(made(Op::log_probability), (std::vector{DType::f32}));
  EXPECT_EQ(made(Op::nll), (std::vector{DType::f64}));
  EXPECT_EQ(made(Op::convert), (std::vector{DType::bf16}));
}

TEST(NumberTypes, AnInputOfAnotherTypeIsRefused) {
  for (const Sample& sample : forward_samples()) {
    if (sample.in.size() < 2) continue;
    Graph graph = graph_of(sample);
    graph[graph.nodes.front().in[1]].dtype = DType::f64;
    EXPECT_THROW(check_types(graph), Error) << name(sample.op);
  }
}

/// Writes an adjoint behind the node and holds every contribution to the shape of what it is for.
class Recorder final : public AdjointWriter {
 public:
  explicit Recorder(Graph& graph) : graph_(graph), node_(graph.nodes.front()) {
    cotangent_ = graph_.add({.name = "dy", .shape = graph_[node_.out.front()].shape});
  }
  ValueId cotangent() override { return cotangent_; }
  void contribute(int input, Op op, std::vector<ValueId> in, Attributes attributes) override {
    EXPECT_NE(kind_of(op), Kind::parameter_gradient) << name(op);
    pass_on(input, emit(op, std::move(in), std::move(attributes)));
  }
  void pass_on(int input, ValueId cotangent) override {
    EXPECT_EQ(graph_[cotangent].shape, graph_[node_.in[input]].shape) << name(node_.op) << " input " << input;
    differentiated.push_back(input);
    cotangents[input] = cotangent;
  }
  void accumulate(std::vector<int> inputs, Op op, std::vector<ValueId>, Attributes) override {
    EXPECT_EQ(kind_of(op), Kind::parameter_gradient) << name(op);
    for (int input : inputs) {
      EXPECT_EQ(graph_[node_.in[input]].role, Role::parameter) << name(node_.op) << " input " << input;
      differentiated.push_back(input);
    }
  }
  ValueId emit(Op op, std::vector<ValueId> in, Attributes attributes) override {
    return append(graph_, op, std::move(in), "emitted", std::move(attributes)).front();
  }

  std::vector<int> differentiated;
  std::map<int, ValueId> cotangents;  ///< of inputs that are not parameters

 private:
  Graph& graph_;
  const Node node_;  // a copy: the list grows
  ValueId cotangent_;
};

TEST(Adjoints, SpeakOnceOfEveryInputThatCanBeLearntFrom) {
  for (const Sample& sample : forward_samples()) {
    if (!definition(sample.op).adjoint) continue;
    Graph graph = graph_of(sample);
    const Node node = graph.nodes.front();
    Recorder recorder(graph);
    definition(sample.op).adjoint(node, recorder);
    std::ranges::sort(recorder.differentiated);
    EXPECT_EQ(recorder.differentiated, sample.differentiated) << name(sample.op);
  }
}

TEST(Adjoints, ALogSumPassesNothingOn) {
  Graph graph;
  const ValueId x = graph.add(activation("x", {rows}));
  append(graph, Op::map, {x}, "y", maps::Map{maps::MapKind::log_sum_reduce, maps::Axis::tensor});
  const Node node = graph.nodes.front();
  Recorder recorder(graph);
  definition(Op::map).adjoint(node, recorder);
  EXPECT_TRUE(recorder.differentiated.empty());
}

TEST(Adjoints, ResidualMasksTheCotangentOfItsBranchWhereItDrops) {
  for (double rate : {0.0, 0.5}) {
    Graph graph;
    const ValueId x = graph.add(activation("x", {rows, width})),
                  y = graph.add(activation("y", {rows, width}));
    append(graph, Op::residual, {x, y, graph.add(parameter("b", {width}))}, "z", Dropout{rate, "mask"});
    const Node node = graph.nodes.front();
    Recorder recorder(graph);
    definition(Op::residual).adjoint(node, recorder);
    EXPECT_EQ(recorder.cotangents[0], recorder.cotangent());
    if (rate == 0) {
      EXPECT_EQ(recorder.cotangents[1], recorder.cotangent());
      EXPECT_EQ(graph.nodes.size(), 1u) << "nothing is computed for it";
      continue;
    }
    ASSERT_EQ(graph.nodes.size(), 2u);
    EXPECT_EQ(graph.nodes[1].op, Op::dropout);
    EXPECT_EQ(std::get<Dropout>(graph.nodes[1].attributes).key, "mask");
    EXPECT_EQ(recorder.cotangents[1], graph.nodes[1].out[0]);
  }
}

}  // namespace
}  // namespace heddle::graph
