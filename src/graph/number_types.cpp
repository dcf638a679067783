// The letters of graph/ops.hpp's NumberTypes, read.
#include <fmt/format.h>

#include "heddle/graph/ops.hpp"

namespace heddle::graph {
namespace {

/// What the letters of a node stand for: it is told by the first input that streams, or by the first that is wide,
/// or of any type.
class Letters {
 public:
  Letters(const Graph& graph, const Node& node) : node_(node) {
    const NumberTypes& types = definition(node.op).types;
    for (std::size_t i = 0; i < node.in.size(); ++i) note(types.of_input(i), graph[node.in[i]].dtype);
  }

  DType type(char letter) const {
    switch (letter) {
      case 'w': return wide_ ? *wide_ : compute_type(*stream_);
      case 'a': return *any_;
      case 'c': return std::get<Conversion>(node_.attributes).to;
      case 'd': return DType::f64;
      case 'i': return DType::i32;
      default: return *stream_;
    }
  }

 private:
  void note(char letter, DType type) {
    std::optional<DType>& known = letter == 's' ? stream_ : letter == 'w' ? wide_ : any_;
    if (letter != 'i' && letter != 'o' && !known) known = type;
    if (letter == 's') wide_ = compute_type(*stream_);
  }

  const Node& node_;
  std::optional<DType> stream_, wide_, any_;
};

void expect(const Graph& graph, const Node& node, ValueId id, char letter, const Letters& letters) {
  if (letter == 'o') return;
  const DType wanted = letters.type(letter);
  if (graph[id].dtype != wanted)
    throw Error(ExitCode::failure, fmt::format("{} of {} is {}, not {}", graph[id].name, name(node.op),
                                               name(graph[id].dtype), name(wanted)));
}

}  // namespace

std::vector<DType> output_types(const Graph& graph, const Node& node) {
  const Letters letters(graph, node);
  std::vector<DType> types;
  for (const char letter : definition(node.op).types.out) types.push_back(letters.type(letter));
  return types;
}

void check_types(const Graph& graph) {
  for (const Node& node : graph.nodes) {
    const Letters letters(graph, node);
    const NumberTypes& types = definition(node.op).types;
    for (std::size_t i = 0; i < node.in.size(); ++i)
      expect(graph, node, node.in[i], types.of_input(i), letters);
    for (std::size_t i = 0; i < node.out.size(); ++i) expect(graph, node, node.out[i], types.out[i], letters);
  }
}

}  // namespace heddle::graph
