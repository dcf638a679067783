// Two nodes of which the second reads what the first makes, to be joined.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>
#include <span>
#include <vector>

#include "heddle/graph/graph.hpp"

namespace heddle::passes {

/// Who makes and who reads the values of a graph, as it is when this is made.
class Pairs {
 public:
  enum class Reads : std::uint8_t {
    alone,       ///< the second node is the only one that reads what the first makes
    before_all,  ///< others may read it, behind the second
  };

  /// `sent` goes to somebody else.
  explicit Pairs(graph::Graph& graph, std::span<const graph::ValueId> sent = {})
      : graph_(graph), maker_(graph.values.size(), -1), readers_(graph.values.size()) {
    for (graph::NodeId id = 0; id < std::ssize(graph.nodes); ++id) {
      for (const graph::ValueId out : graph.nodes[id].out) maker_[out] = id;
      for (const graph::ValueId in : graph.nodes[id].in) readers_[in].push_back(id);
    }
    for (const graph::ValueId id : graph.outputs) readers_[id].push_back(outside);
    for (const graph::ValueId id : sent) readers_[id].push_back(outside);
  }

  /// Where a node of op `second` has as its first input the first output of one of op `first`, which is read as `reads` says, and both
  /// run at one time: they go, and join(first, second), a std::vector<Node>, comes in the second's place. Where that is empty they stay.
  template <class Join>
  void join(graph::Op first, graph::Op second, Reads reads, const Join& join) {
    std::vector<bool> gone(graph_.nodes.size(), false);
    std::vector<std::vector<graph::Node>> instead(gone.size());
    for (graph::NodeId id = 0; id < std::ssize(graph_.nodes); ++id) {
      const graph::Node& node = graph_.nodes[id];
      if (node.op != second) continue;
      const graph::NodeId before = maker_[node.in.front()];
      if (before < 0 || graph_.nodes[before].op != first || !together(graph_.nodes[before], node)) continue;
      if (!is_read(node.in.front(), id, reads)) continue;
      instead[id] = join(graph_.nodes[before], node);
      if (!instead[id].empty()) gone[before] = gone[id] = true;
    }
    std::vector<graph::Node> nodes;
    for (graph::NodeId id = 0; id < std::ssize(graph_.nodes); ++id) {
      std::ranges::move(instead[id], std::back_inserter(nodes));
      if (!gone[id]) nodes.push_back(std::move(graph_.nodes[id]));
    }
    graph_.nodes = std::move(nodes);
  }

 private:
  static constexpr graph::NodeId outside = std::numeric_limits<graph::NodeId>::max();  ///< behind all nodes

  static bool together(const graph::Node& first, const graph::Node& second) {
    return first.out.front() == second.in.front() && first.phase == second.phase &&
           first.stage == second.stage && first.recomputed == second.recomputed && first.tail == second.tail;
  }
  bool is_read(graph::ValueId value, graph::NodeId by, Reads reads) const {
    const std::vector<graph::NodeId>& all = readers_[value];
    return reads == Reads::alone ? all.size() == 1 : all.front() == by;
  }

  graph::Graph& graph_;
  std::vector<graph::NodeId> maker_;                 ///< of each value; -1: none
  std::vector<std::vector<graph::NodeId>> readers_;  ///< of each value, in their order
};

}  // namespace heddle::passes
