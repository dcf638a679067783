#include "heddle/plan/recomputation.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "heddle/graph/ops.hpp"
#include "recompute.hpp"

namespace heddle::plan {

using passes::Recompute;

double recomputed_flops(const passes::Program& program, const graph::Extents& extents) {
  double flops = 0;
  for (const graph::Node& node : program.graph.nodes)
    if (node.recomputed) flops += graph::cost(program.graph, node, extents).flops;
  return flops;
}

std::string recomputation_text(const Plan& plan, PipelineRank pipeline_rank) {
  static constexpr std::array words = {"nothing", "attention", "all"};
  const graph::Graph& graph = plan.program(pipeline_rank).graph;
  const std::vector<graph::BlockId> layers = graph::blocks_of(graph, graph::Block::Kind::layer);
  const auto number = [&](graph::BlockId block) {
    return std::ranges::lower_bound(layers, block) - layers.begin();
  };
  std::vector<graph::BlockId> blocks;
  for (const graph::BlockId block : blocks_of(plan.program(pipeline_rank)))
    if (graph.blocks[block].kind == graph::Block::Kind::layer) blocks.push_back(block);
  std::vector<std::string> parts;
  for (auto first = blocks.begin(), end = first; first != blocks.end(); first = end) {
    const Recompute recompute = plan.recompute[*first];
    end = std::find_if(first, blocks.end(),
                       [&](graph::BlockId block) { return plan.recompute[block] != recompute; });
    if (recompute == Recompute::none) continue;
    const auto from = number(*first), to = number(*std::prev(end));
    parts.push_back(fmt::format(
        "{} {}", from == to ? fmt::format("layer {}", from) : fmt::format("layers {} to {}", from, to),
        words[static_cast<std::size_t>(recompute)]));
  }
  return parts.empty() ? words.front() : fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace heddle::plan
