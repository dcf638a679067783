#include "heddle/plan/recomputation.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>

#include "heddle/graph/ops.hpp"

namespace heddle::plan {
namespace {

using passes::Recompute;

}  // namespace

double recomputed_flops(const passes::Program& program, const graph::Extents& extents) {
  double flops = 0;
  for (const graph::Node& node : program.graph.nodes)
    if (node.recomputed) flops += graph::cost(program.graph, node, extents).flops;
  return flops;
}

std::string recomputation_text(const Plan& plan, int pipeline_rank) {
  static constexpr std::array words = {"nothing", "attention", "all"};
  const graph::Graph& graph = plan.program(pipeline_rank).graph;
  const std::vector<int> layers = graph::blocks_of(graph, graph::Block::Kind::layer);
  const auto number = [&](int block) { return std::ranges::lower_bound(layers, block) - layers.begin(); };
  std::set<int> held;
  for (const graph::Node& node : graph.nodes)
    if (node.phase == graph::Phase::forward && std::ranges::count(layers, node.block))
      held.insert(node.block);
  const std::vector<int> blocks(held.begin(), held.end());
  std::vector<std::string> parts;
  for (auto first = blocks.begin(), end = first; first != blocks.end(); first = end) {
    const Recompute recompute = plan.recompute[*first];
    end = std::find_if(first, blocks.end(), [&](int block) { return plan.recompute[block] != recompute; });
    if (recompute == Recompute::none) continue;
    const auto from = number(*first), to = number(*std::prev(end));
    parts.push_back(fmt::format(
        "{} {}", from == to ? fmt::format("layer {}", from) : fmt::format("layers {} to {}", from, to),
        words[static_cast<std::size_t>(recompute)]));
  }
  return parts.empty() ? words.front() : fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace heddle::plan
