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

std::vector<Shape> shapes_of(const graph::Graph& graph, const std::vector<graph::ValueId>& ids,
                             std::int64_t rows) {
  std::vector<Shape> shapes;
  for (graph::ValueId id : ids) shapes.push_back(graph::with_rows(graph[id].shape, rows));
  return shapes;
}

}  // namespace

double recomputed_flops(const passes::Program& program, std::int64_t rows) {
  const graph::Graph& graph = program.graph;
  double flops = 0;
  for (const graph::Node& node : graph.nodes)
    if (node.recomputed)
      flops +=
          graph::cost(graph, node, shapes_of(graph, node.in, rows), shapes_of(graph, node.out, rows)).flops;
  return flops;
}

std::string recomputation_text(const Plan& plan, int pipeline_rank) {
  static constexpr std::array words = {"nothing", "attention", "all"};
  const int layers = plan.options.model.layers;
  std::set<int> held;
  for (const graph::Node& node : plan.program(pipeline_rank).graph.nodes)
    if (node.phase == graph::Phase::forward && node.block > 0 && node.block <= layers)
      held.insert(node.block);
  const std::vector<int> blocks(held.begin(), held.end());
  std::vector<std::string> parts;
  for (auto first = blocks.begin(), end = first; first != blocks.end(); first = end) {
    const Recompute recompute = plan.recompute[*first];
    end = std::find_if(first, blocks.end(), [&](int block) { return plan.recompute[block] != recompute; });
    if (recompute == Recompute::none) continue;
    const int from = *first - 1, to = *std::prev(end) - 1;
    parts.push_back(fmt::format(
        "{} {}", from == to ? fmt::format("layer {}", from) : fmt::format("layers {} to {}", from, to),
        words[static_cast<std::size_t>(recompute)]));
  }
  return parts.empty() ? words.front() : fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace heddle::plan
