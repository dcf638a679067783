#include "heddle/passes/balance.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "heddle/graph/ops.hpp"
#include "heddle/maps/blocks.hpp"
#include "heddle/passes/invariant.hpp"

namespace heddle::passes {
namespace {

using graph::Graph;
using graph::Node;
using graph::ValueId;

constexpr double flops_per_byte =
    16;  // what a core multiplies while it moves a byte; only the balance hangs on it

void expect_enough(int blocks, int stages) {
  if (blocks < stages)
    throw Error(ExitCode::usage, fmt::format("{} stages are too many for {} blocks", stages, blocks));
}

/// Finds cuts whose heaviest stage is lighter than a bound. Since a stage only grows by a block more, the
/// first stage may as well take all that it can, and so on.
class Packer {
 public:
  Packer(int blocks, int stages, const StageWeight& weight)
      : blocks_(blocks), stages_(stages), weight_(weight) {}

  double heaviest(const std::vector<int>& cuts) {
    double most = 0;
    for (const Stage stage : first<Stage>(stages_))
      most = std::max(most, weight(stage, stage == 0 ? 0 : cuts[stage - 1],
                                   stage + 1 == stages_ ? blocks_ : cuts[stage]));
    return most;
  }

  std::optional<std::vector<int>> lighter_than(double bound) {
    std::vector<int> cuts;
    int begin = 0;
    for (const Stage stage : first<Stage>(stages_)) {
      const int most = blocks_ - (stages_ - 1 - stage);  // each stage after it needs a block
      const int end = farthest(stage, begin, most, bound);
      if (end == begin || (stage + 1 == stages_ && end < blocks_)) return {};
      cuts.push_back(begin = end);
    }
    cuts.pop_back();
    return cuts;
  }

 private:
  /// The largest end up to `most` with which [begin, end) is lighter than the bound; `begin` if none is.
  int farthest(Stage stage, int begin, int most, double bound) {
    int fits = begin, over = most + 1;
    while (over - fits > 1) {
      const int middle = fits + (over - fits) / 2;
      (weight(stage, begin, middle) < bound ? fits : over) = middle;
    }
    return fits;
  }

  double weight(Stage stage, int begin, int end) {
    const auto [known, fresh] = weights_.try_emplace({stage, begin, end}, 0.0);
    if (fresh) known->second = weight_(stage, begin, end);
    return known->second;
  }

  int blocks_, stages_;
  const StageWeight& weight_;
  std::map<std::tuple<Stage, int, int>, double> weights_;
};

}  // namespace

ById<graph::BlockId, double> block_efforts(const Graph& graph, Effort effort, const graph::Extents& extents) {
  ById<graph::BlockId, double> efforts(graph.blocks.size(), 0.0);
  const auto invariant = step_invariant(graph);
  for (const Node& node : graph.nodes) {
    if (invariant[node.out.front()]) continue;
    const Cost cost = graph::cost(graph, node, extents);
    efforts[node.block] += cost.flops + (effort == Effort::work ? flops_per_byte * cost.bytes : 0.0);
  }
  return efforts;
}

ById<graph::BlockId, std::set<ValueId>> block_parameters(const Graph& graph) {
  ById<graph::BlockId, std::set<ValueId>> of_block(graph.blocks.size());
  std::vector<std::set<ValueId>> of_value(graph.values.size());
  for (std::size_t id = 0; id < graph.values.size(); ++id)
    if (graph.values[id].role == graph::Role::parameter) of_value[id] = {static_cast<ValueId>(id)};
  const auto invariant = step_invariant(graph);
  for (const Node& node : graph.nodes)
    for (ValueId in : node.in) {
      if (!invariant[in]) continue;
      if (!invariant[node.out.front()]) of_block[node.block].insert(of_value[in].begin(), of_value[in].end());
      for (ValueId out : node.out)
        if (invariant[out]) of_value[out].insert(of_value[in].begin(), of_value[in].end());
    }
  return of_block;
}

std::vector<int> balanced_cuts(const std::vector<double>& weights, int stages) {
  expect_enough(static_cast<int>(weights.size()), stages);
  std::vector<int> cuts;
  for (const maps::Block& stage : maps::min_max_split(weights, stages))
    cuts.push_back(static_cast<int>(stage.begin));
  cuts.erase(cuts.begin());
  return cuts;
}

std::vector<int> balanced_cuts(int blocks, const std::vector<int>& start, const StageWeight& weight) {
  const int stages = static_cast<int>(start.size()) + 1;
  expect_enough(blocks, stages);
  Packer packer(blocks, stages, weight);
  std::vector<int> best = start;
  double least = 0;  // no cuts are lighter
  while (packer.heaviest(best) - least > packer.heaviest(best) / 64) {
    const double middle = (least + packer.heaviest(best)) / 2;
    if (auto lighter = packer.lighter_than(middle))
      best = std::move(*lighter);
    else
      least = middle;
  }
  while (auto lighter = packer.lighter_than(packer.heaviest(best))) best = std::move(*lighter);
  return best;
}

std::vector<int> balanced_cuts(const Graph& graph, int stages, const graph::Extents& extents) {
  return balanced_cuts(block_efforts(graph, Effort::work, extents), stages);
}

}  // namespace heddle::passes
