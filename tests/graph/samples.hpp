// One node of every forward op, with sizes that are all different.
#pragma once

#include "heddle/graph/ops.hpp"

namespace heddle::graph {

inline constexpr std::int64_t context = 7, vocabulary = 11, width = 12, heads = 2, head_dim = 6, hidden = 5;

struct Sample {
  Op op;
  std::vector<Value> in;
  Attributes attributes = {};
  std::vector<Shape> out;           ///< what it makes
  std::vector<int> differentiated;  ///< inputs that have a cotangent
};

inline Value activation(const char* name, Shape shape) { return {.name = name, .shape = shape}; }
inline Value parameter(const char* name, Shape shape) {
  return {.name = name, .role = Role::parameter, .shape = shape};
}
inline Value indices(const char* name) {
  return {.name = name, .role = Role::input, .dtype = DType::i32, .shape = {rows}};
}

inline std::vector<Sample> forward_samples() {
  const Value x = activation("x", {rows, width}), bias = parameter("b", {width});
  const Value logits = activation("logits", {rows, vocabulary}), sum = activation("sum", {rows});
  const Shape stream = {rows, width}, row = {rows};
  const Dropout dropout{0.1, "mask"};
  return {
      {Op::embedding, {parameter("table", {vocabulary, width}), indices("tokens")}, {}, {stream}, {0}},
      {Op::add_position, {x, parameter("positions", {context, width})}, {}, {stream}, {0, 1}},
      {Op::layer_norm, {x, parameter("w", {width}), bias}, Norm{}, {stream, row, row}, {0, 1, 2}},
      {Op::linear,
       {x, parameter("w", {3, heads, head_dim, width}), parameter("b", {3, heads, head_dim})},
       Linear{1},
       {{rows, 3, heads, head_dim}},
       {0, 1, 2}},
      {Op::linear,
       {activation("y", {rows, heads, head_dim}), parameter("w", {hidden, heads, head_dim})},
       Linear{},
       {{rows, hidden}},
       {0, 1}},
      {Op::bias_gelu, {x, bias}, {}, {stream}, {0, 1}},
      {Op::attention,
       {activation("qkv", {rows, 3, heads, head_dim})},
       Attention{1.0, dropout},
       {{rows, heads, head_dim}, {rows, heads}},
       {0}},
      {Op::dropout, {x}, dropout, {stream}, {0}},
      {Op::residual, {x, activation("branch", stream), bias}, dropout, {stream}, {0, 1, 2}},
      {Op::add, {x, activation("z", stream)}, {}, {stream}, {0, 1}},
      {Op::log_sum_exp, {logits}, {}, {row}, {}},
      {Op::log_probability, {logits, sum, indices("targets")}, {}, {row}, {0}},
      {Op::nll, {activation("log_probability", {rows})}, {}, {{}}, {0}},
      {Op::convert, {x}, Conversion{DType::bf16}, {stream}, {0}},
      {Op::map, {x}, maps::Map{maps::MapKind::all_gather, maps::Axis::tensor, 0}, {stream}, {0}},
  };
}

/// The sample's node, alone in a graph.
inline Graph graph_of(const Sample& sample) {
  Graph graph;
  std::vector<ValueId> in;
  for (const Value& value : sample.in) in.push_back(graph.add(value));
  append(graph, sample.op, in, "result", sample.attributes);
  return graph;
}

}  // namespace heddle::graph
