#include "heddle/passes/partition.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "heddle/passes/invariant.hpp"

namespace heddle::passes {
namespace {

using graph::Graph;
using graph::Node;
using graph::Role;
using graph::ValueId;

class Partitioner {
 public:
  Partitioner(const Graph& graph, const std::vector<int>& cuts)
      : graph_(graph), invariant_(step_invariant(graph)), maker_(graph.values.size(), -1), cuts_(cuts) {
    for (std::size_t i = 0; i < graph.nodes.size(); ++i)
      for (ValueId id : graph.nodes[i].out) maker_[id] = static_cast<int>(i);
    find_crossings();
  }

  Share share(const std::vector<Stage>& stages) {
    Share share;
    share.graph.blocks = graph_.blocks;
    local_.clear();
    for (Stage stage : stages) add(share, stage, contains(stages, stage - 1), contains(stages, stage + 1));
    for (ValueId id : graph_.outputs)
      if (local_.contains(id)) share.graph.outputs.push_back(local_.at(id));
    return share;
  }

 private:
  Stage stage_of(graph::BlockId block) const {
    return Stage(static_cast<int>(std::upper_bound(cuts_.begin(), cuts_.end(), block) - cuts_.begin()));
  }

  static bool contains(const std::vector<Stage>& stages, Stage stage) {
    return std::find(stages.begin(), stages.end(), stage) != stages.end();
  }

  void add(Share& share, Stage stage, bool follows, bool goes_on) {
    Border border;
    border.stage = stage;
    if (!follows) forget_activations();
    if (!follows && stage > 0)
      for (ValueId id : crossing_[stage - 1]) border.received.push_back(import(share.graph, id, Role::input));
    for (const Node& node : graph_.nodes)
      if (stage_of(node.block) == stage && !invariant_[node.out.front()]) copy(share.graph, node, stage);
    if (!goes_on)
      for (ValueId id : crossing_[stage]) border.sent.push_back(local_.at(id));
    share.borders.push_back(std::move(border));
  }

  /// What an earlier stage of the rank made comes anew, from the stage before, to one that does
  /// not follow it.
  void forget_activations() {
    std::erase_if(local_,
                  [&](const auto& entry) { return maker_[entry.first] >= 0 && !invariant_[entry.first]; });
  }

  void find_crossings() {
    ById<Stage, std::set<ValueId>> crossing(cuts_.size() + 1);
    for (const Node& node : graph_.nodes)
      for (ValueId id : node.in) {
        if (maker_[id] < 0 || invariant_[id]) continue;
        const Stage from = stage_of(graph_.nodes[maker_[id]].block), to = stage_of(node.block);
        for (Stage stage = from; stage < to; ++stage) crossing[stage].insert(id);
      }
    for (const auto& values : crossing) crossing_.emplace_back(values.begin(), values.end());
  }

  ValueId import(Graph& share, ValueId id, Role role) {
    graph::Value value = graph_[id];
    value.role = role;
    return local_[id] = share.add(value);
  }

  /// The rank's own copy of a value; what depends on parameters alone is made here, once.
  ValueId use(Graph& share, ValueId id, Stage stage) {
    if (const auto known = local_.find(id); known != local_.end()) return known->second;
    if (maker_[id] < 0) return import(share, id, graph_[id].role);
    HEDDLE_EXPECT(invariant_[id]);
    copy(share, graph_.nodes[maker_[id]], stage);
    return local_.at(id);
  }

  void copy(Graph& share, Node node, Stage stage) {
    for (ValueId& id : node.in) id = use(share, id, stage);
    for (ValueId& id : node.out) id = import(share, id, graph_[id].role);
    node.stage = stage;
    share.nodes.push_back(node);
  }

  const Graph& graph_;
  std::vector<bool> invariant_;
  std::vector<int> maker_;
  std::vector<int> cuts_;
  ById<Stage, std::vector<ValueId>> crossing_;
  std::map<ValueId, ValueId> local_;  // of the share that is being made
};

}  // namespace

ById<PipelineRank, Share> partition(const Graph& graph, const std::vector<int>& cuts,
                                    const ById<Stage, PipelineRank>& rank_of_stage) {
  HEDDLE_EXPECT(rank_of_stage.size() == cuts.size() + 1);
  ById<PipelineRank, std::vector<Stage>> stages_of(*std::ranges::max_element(rank_of_stage) + 1);
  for (const Stage stage : rank_of_stage.ids()) stages_of[rank_of_stage[stage]].push_back(stage);
  Partitioner partitioner(graph, cuts);
  ById<PipelineRank, Share> shares;
  for (const std::vector<Stage>& stages : stages_of) shares.push_back(partitioner.share(stages));
  return shares;
}

ById<PipelineRank, Share> partition(const Graph& graph, const std::vector<int>& cuts) {
  ById<Stage, PipelineRank> rank_of_stage;
  for (const PipelineRank rank : first<PipelineRank>(static_cast<int>(cuts.size()) + 1))
    rank_of_stage.push_back(rank);
  return partition(graph, cuts, rank_of_stage);
}

}  // namespace heddle::passes
