#include "heddle/graph/builder.hpp"

namespace heddle::graph {

void Builder::begin_block(Block::Kind kind, const std::string& name) {
  graph_.blocks.push_back({name, kind});
}

ValueId Builder::input(const std::string& name) {
  return graph_.add({.name = name, .role = Role::input, .dtype = DType::i32, .shape = {rows}});
}

ValueId Builder::parameter(const std::string& name, const Shape& shape, Initial initial) {
  return graph_.add({.name = name,
                     .role = Role::parameter,
                     .dtype = dtype_,
                     .shape = shape,
                     .initial = initial,
                     .block = block()});
}

ValueId Builder::weight(const std::string& name, const Shape& shape, double std) {
  return parameter(name, shape, {Initial::Kind::normal, std, true});
}

ValueId Builder::bias(const std::string& name, const Shape& shape) { return parameter(name, shape, {}); }

ValueId Builder::node(Op op, std::vector<ValueId> in, const std::string& name, Attributes attributes) {
  const ValueId made = append(graph_, op, std::move(in), name, std::move(attributes), block()).front();
  graph_.nodes.back().tail = tail_;
  return made;
}

ValueId Builder::norm(ValueId x, std::int64_t width, const std::string& name, double epsilon) {
  const ValueId weight = parameter(name + ".weight", {width}, {.value = 1.0});
  return node(Op::layer_norm, {x, weight, bias(name + ".bias", {width})}, name, Norm{epsilon});
}

ValueId Builder::cross_entropy(ValueId logits) {
  const ValueId targets = input("targets");
  const ValueId sum = node(Op::log_sum_exp, {logits}, "loss.log_sum");
  return node(Op::nll, {node(Op::log_probability, {logits, sum, targets}, "loss.log_probability")}, "loss");
}

Graph Builder::finish(ValueId output) {
  graph_.outputs = {output};
  return std::move(graph_);
}

}  // namespace heddle::graph
