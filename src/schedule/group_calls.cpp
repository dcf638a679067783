// The maps of programs in which several pipeline ranks take part, by the actions that run them.
#include <algorithm>

#include "heddle/schedule/call_order.hpp"
#include "heddle/schedule/tasks.hpp"

namespace heddle::schedule {
namespace {

class Calls {
 public:
  Calls(const Schedule& schedule, PipelineRank rank, const passes::Program& program)
      : ranks_(schedule.ranks()),
        row_(schedule.rows[rank]),
        program_(program),
        tasks_(program, backward_of(row_)) {}

  std::map<std::size_t, std::vector<GroupCall>> by_index() {
    for (std::size_t index = 0; index < row_.size(); ++index) {
      const Action& action = row_[index];
      if (is_compute(action.kind)) add(index, tasks_.of(action));
      if (action.kind == ActionKind::forward) add(index, tasks_.loss(action.stage));
    }
    add_once(ActionKind::reduce_gradients, {graph::Phase::epilogue});
    add_once(ActionKind::step, {graph::Phase::norm, graph::Phase::update, graph::Phase::hand_on});
    return std::move(calls_);
  }

 private:
  /// Phases that run at the last action of a kind.
  void add_once(ActionKind kind, std::initializer_list<graph::Phase> phases) {
    for (std::size_t index = row_.size(); index-- > 0;)
      if (row_[index].kind == kind) {
        for (const graph::Phase phase : phases) add(index, tasks_.once(phase));
        return;
      }
  }

  void add(std::size_t index, std::span<const graph::NodeId> nodes) {
    for (const graph::NodeId node : nodes) {
      const auto* map = std::get_if<maps::Map>(&program_.graph.nodes[node].attributes);
      if (!map || !map->axes.contains(maps::Axis::pipeline) || !maps::communicates(map->kind)) continue;
      std::vector<PipelineRank> ranks = members(*map);
      if (ranks.size() > 1) calls_[index].push_back({std::move(ranks), name(*map)});
    }
  }

  /// Where the map tells no indices, all take part.
  std::vector<PipelineRank> members(const maps::Map& map) const {
    std::vector<PipelineRank> ranks;
    for (const PipelineRank rank : first<PipelineRank>(ranks_))
      if (map.among.empty() || std::ranges::count(map.among, rank) > 0) ranks.push_back(rank);
    return ranks;
  }

  int ranks_;
  const Row& row_;
  const passes::Program& program_;
  Tasks tasks_;
  std::map<std::size_t, std::vector<GroupCall>> calls_;
};

}  // namespace

GroupCalls group_calls(const Schedule& schedule, const ById<PipelineRank, passes::Program>& programs) {
  GroupCalls calls;
  for (const PipelineRank rank : programs.ids())
    calls.push_back(Calls(schedule, rank, programs[rank]).by_index());
  return calls;
}

}  // namespace heddle::schedule
