#include "heddle/passes/number_types.hpp"

#include <map>

#include "heddle/graph/ops.hpp"
#include "heddle/passes/invariant.hpp"

namespace heddle::passes {
namespace {

using graph::Graph;
using graph::Node;
using graph::ValueId;

class Typist {
 public:
  Typist(Graph graph, Precision precision)
      : graph_(std::move(graph)),
        stream_(stream_type(precision)),
        rounding_(product_rounding(precision)),
        invariant_(step_invariant(graph_)) {}

  Graph run(Masters masters) {
    if (masters != Masters::kept) narrow_parameters();
    const std::vector<Node> nodes = std::move(graph_.nodes);
    graph_.nodes.clear();
    for (const Node& node : nodes) type(node);
    check_types(graph_);
    return std::move(graph_);
  }

 private:
  /// What is made of a parameter by maps that move nothing is read in its place.
  void narrow_parameters() {
    std::vector<ValueId> source(graph_.values.size(), -1);
    std::vector<bool> streams(source.size(), false), otherwise(source.size(), false);
    for (std::size_t id = 0; id < source.size(); ++id)
      if (graph_.values[id].role == graph::Role::parameter) source[id] = static_cast<ValueId>(id);
    for (const Node& node : graph_.nodes)
      for (std::size_t i = 0; i < node.in.size(); ++i) {
        const ValueId parameter = source[node.in[i]];
        const char letter = definition(node.op).types.of_input(i);
        if (parameter < 0) continue;
        if (letter == 'a')
          source[node.out.front()] = parameter;
        else
          (letter == 's' ? streams : otherwise)[parameter] = true;
      }
    for (std::size_t id = 0; id < source.size(); ++id)
      if (streams[id] && !otherwise[id]) graph_.values[id].dtype = stream_;
  }

  void type(Node node) {
    const graph::NumberTypes& types = definition(node.op).types;
    for (std::size_t i = 0; i < node.in.size(); ++i)
      if (types.of_input(i) == 's' && graph_[node.in[i]].dtype != stream_)
        node.in[i] = converted(node.in[i], node.block);
    const std::vector<DType> made = output_types(graph_, node);
    for (std::size_t i = 0; i < node.out.size(); ++i) graph_[node.out[i]].dtype = made[i];
    if (auto* linear = std::get_if<graph::Linear>(&node.attributes)) linear->rounding = rounding_;
    graph_.nodes.push_back(std::move(node));
  }

  ValueId converted(ValueId id, graph::BlockId block) {
    if (const auto known = converted_.find(id); known != converted_.end()) return known->second;
    const ValueId result =
        append(graph_, graph::Op::convert, {id}, graph_[id].name, graph::Conversion{stream_}, block).front();
    graph_[result].layout = graph_[id].layout;
    if (invariant_[id]) graph_[result].role = graph::Role::copy;
    return converted_[id] = result;
  }

  Graph graph_;
  DType stream_;
  Rounding rounding_;
  std::vector<bool> invariant_;  // of the values of the model
  std::map<ValueId, ValueId> converted_;
};

}  // namespace

Graph with_types(Graph graph, Precision precision, Masters masters) {
  return Typist(std::move(graph), precision).run(masters);
}

}  // namespace heddle::passes
