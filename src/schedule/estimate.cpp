// Sums over the nodes of a program.
#include "heddle/schedule/estimate.hpp"

#include <algorithm>
#include <bit>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "heddle/graph/ops.hpp"
#include "heddle/maps/local.hpp"
#include "heddle/passes/loss_tail.hpp"
#include "heddle/schedule/tasks.hpp"

namespace heddle::schedule {
namespace {

using passes::Phase;

class Estimator {
 public:
  Estimator(const EstimateInput& input, const MachineModel& machine)
      : in_(input),
        machine_(machine),
        loss_chunks_(passes::loss_chunks(input.program, input.grid, input.rank, input.extents).size()) {
    if (input.bucketing.narrow)
      for (const passes::Reduction& one : passes::reductions(input.program)) narrow_.insert(one.node);
  }

  std::map<Stage, StageCost> run() {
    for (const passes::Border& border : in_.program.borders) stages_[border.stage] = {};
    double once = 0, summed_bytes = 0;
    for (graph::NodeId id = 0; id < static_cast<graph::NodeId>(in_.program.graph.nodes.size()); ++id) {
      const graph::Node& node = in_.program.graph.nodes[id];
      const auto* map = std::get_if<maps::Map>(&node.attributes);
      if (map && !map->among.empty()) {
        ties_ += of(id, 1);
        continue;
      }
      if (node.phase == Phase::norm || node.phase == Phase::update)
        stepped_bytes_ += bytes(node.in) + bytes(node.out);
      if (node.phase > Phase::epilogue) continue;  // the step itself, below
      if (graph::once_a_step(node.phase)) {
        once += of(id, 1);
        if (map) summed_bytes += bytes(node.in);
      } else {
        stages_.at(node.stage)[action_of(node.phase, Backward::split)] +=
            of(id, node.phase == Phase::loss ? loss_chunks_ : 1);
      }
    }
    for (auto& [stage, cost] : stages_)
      cost[ActionKind::backward] = cost[ActionKind::backward_input] + cost[ActionKind::backward_weight];
    end_of_step(once, summed_bytes);
    return std::move(stages_);
  }

 private:
  /// Of the rank's rows, not of the loss's few.
  Shape shape(graph::ValueId id) const {
    const graph::Value& value = in_.program.graph[id];
    return maps::local_shape(graph::resolve(value.shape, in_.extents), value.layout, in_.grid, in_.rank);
  }
  std::vector<Shape> shapes(const std::vector<graph::ValueId>& ids) const {
    std::vector<Shape> all;
    for (const graph::ValueId id : ids) all.push_back(shape(id));
    return all;
  }
  double bytes(const std::vector<graph::ValueId>& ids) const {
    double sum = 0;
    for (const graph::ValueId id : ids)
      sum += static_cast<double>(shape(id).count() * size_of(in_.program.graph[id].dtype));
    return sum;
  }

  /// The part of a value's bytes that goes to other ranks.
  double sent_part(graph::NodeId id, DType dtype) const {
    return narrow_.contains(id)
               ? static_cast<double>(size_of(DType::bf16)) / static_cast<double>(size_of(dtype))
               : 1;
  }

  /// Seconds of a node that is run in `pieces`.
  double of(graph::NodeId id, std::size_t pieces) const {
    const graph::Node& node = in_.program.graph.nodes[id];
    if (const auto* map = std::get_if<maps::Map>(&node.attributes)) {
      const double sent = sent_part(id, in_.program.graph[node.in.front()].dtype);
      return seconds(*map, std::max(bytes(node.in), bytes(node.out)) * sent, in_.grid, in_.rank, machine_);
    }
    const std::vector<Shape> in = shapes(node.in), out = shapes(node.out);
    const Cost cost = graph::cost({in_.program.graph, node, in, out, in_.extents});
    return std::max(floor_seconds(cost, machine_.rates), machine_.kernel * static_cast<double>(pieces));
  }

  void end_of_step(double once, double summed_bytes) {
    StageCost& first = stages_.begin()->second;
    double backward = 0;
    for (const auto& [stage, cost] : stages_) backward = std::max(backward, cost[ActionKind::backward]);
    const double last =
        summed_bytes > 0 ? once * std::min(1.0, static_cast<double>(in_.bucketing.most_bytes) / summed_bytes)
                         : 0;
    first[ActionKind::reduce_gradients] = std::max(once - backward, last) + ties_;
    first[ActionKind::step] = stepped_bytes_ / machine_.rates.bytes;
  }

  const EstimateInput& in_;
  const MachineModel& machine_;
  std::size_t loss_chunks_;
  std::set<graph::NodeId> narrow_;  ///< sums of gradients that are sent as bf16
  std::map<Stage, StageCost> stages_;
  double stepped_bytes_ = 0;  ///< that the squares of the gradients and AdamW read and write
  double ties_ = 0;           ///< seconds of what pipeline ranks that hold one parameter tell each other
};

}  // namespace

double seconds(const maps::Map& map, double bytes, const maps::Grid& grid, Rank rank,
               const MachineModel& machine) {
  std::vector<int> group = grid.group_of(map.axes, rank);
  if (!map.among.empty()) {
    std::vector<int> some;
    for (int index : map.among) some.push_back(group[index]);
    group = std::move(some);
  }
  if (!communicates(map.kind) || group.size() < 2) return 0;
  const Link& link = machine.one_node(group.front(), group.back()) ? machine.within : machine.between;
  using maps::MapKind;
  const bool both_ways = map.kind == MapKind::sum_reduce || map.kind == MapKind::all_sum_reduce ||
                         map.kind == MapKind::log_sum_reduce;
  const auto n = static_cast<double>(group.size());
  const double messages = std::bit_width(group.size() - 1);  // log2(n), rounded up
  return (both_ways ? 2 : 1) * ((n - 1) / n * bytes / link.bandwidth + messages * link.latency);
}

std::map<Stage, StageCost> estimate(const EstimateInput& input, const MachineModel& machine) {
  return Estimator(input, machine).run();
}

}  // namespace heddle::schedule
