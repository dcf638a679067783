#include "workspace.hpp"

#include "heddle/base/attention_memory.hpp"

namespace heddle::schedule {

std::int64_t workspace_bytes(AttentionBy by, const graph::Graph& graph, const graph::Node& node,
                             std::span<const Location> locations, const graph::Extents& extents) {
  using graph::Op, fused_attention::Pass;
  const bool forward = node.op == Op::attention;
  if (!forward && node.op != Op::attention_gradient) return 0;
  const graph::ValueId qkv = forward ? node.in[0] : node.in[3];
  const Shape& shape = locations[static_cast<std::size_t>(qkv)].shape;
  const std::int64_t sequence = extents[graph::sequence];
  const double dropout = std::get<graph::Attention>(node.attributes).dropout.rate;
  return attention_workspace(by, forward ? Pass::forward : Pass::backward,
                             {graph[qkv].dtype, shape[0] / sequence, sequence, shape[2], shape[3], dropout});
}

}  // namespace heddle::schedule
