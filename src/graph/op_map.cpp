// map: a row of the map table, standing in the graph like any other op. Its adjoint is the map's adjoint.
#include "op_definitions.hpp"

namespace heddle::graph {
namespace {

AxisLayout layout(const Node&, const Graph&, std::span<const maps::Part> in, const AxisChoice&) {
  return {{in[0]}, {in[0]}};  // along the axes it does not move data over
}

void adjoint(const Node& node, AdjointWriter& writer) {
  const maps::Map& map = std::get<maps::Map>(node.attributes);
  if (map.kind == maps::MapKind::log_sum_reduce) return;  // the gradient of log_probability goes through it
  writer.contribute(0, Op::map, {writer.cotangent()}, maps::adjoint(map));
}

}  // namespace

const OpDefinition map_op = {
    .types = {"a", "a"}, .shape = like_first, .flops = no_flops, .layout = layout, .adjoint = adjoint};

}  // namespace heddle::graph
