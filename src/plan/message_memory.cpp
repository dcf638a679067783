#include "heddle/plan/message_memory.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "message_needs.hpp"

namespace heddle::plan {
namespace {

using graph::NodeId;
using graph::ValueId;
using schedule::Action;
using schedule::ActionKind;

/// How many rooms of each size are in use, and were at most.
class InUse {
 public:
  /// Ranks along axes, or some of them.
  using Ranks = std::pair<maps::AxisSet, std::vector<int>>;

  void take(const Needs& needs, const Ranks& ranks, int count = 1) { add(needs, ranks, count); }
  void give_back(const Needs& needs, const Ranks& ranks) { add(needs, ranks, -1); }
  MessageMemory most() const { return {most(landing_), most(staged_), most(library_)}; }

 private:
  using Key = std::pair<Ranks, std::int64_t>;
  struct Rooms {
    int now = 0, most = 0;
  };
  void add(const Needs& needs, const Ranks& ranks, int count) {
    const auto to = [&](Rooms& rooms) { rooms.most = std::max(rooms.most, rooms.now += count); };
    for (const std::int64_t bytes : needs.landing) to(landing_[{ranks, bytes}]);
    for (const std::int64_t bytes : needs.staged) to(staged_[{{}, bytes}]);
    for (const std::int64_t bytes : needs.library) to(library_[{{}, bytes}]);
  }
  static std::vector<MessageRooms> most(const std::map<Key, Rooms>& rooms) {
    std::vector<MessageRooms> all;
    for (const auto& [key, number] : rooms)
      all.push_back({key.first.first, key.second, number.most, key.first.second});
    return all;
  }

  std::map<Key, Rooms> landing_, staged_, library_;
};

/// One rank's step of training, or of evaluation, as its messages see it.
class Walk {
 public:
  Walk(const Plan& plan, const Execution& execution, Rank rank, Carriers carriers)
      : plan_(plan),
        execution_(execution),
        rank_(rank),
        carriers_(carriers),
        mine_(plan.of(execution, rank)),
        program_(execution.programs[plan.pipeline_rank(rank)]),
        row_(execution.schedule.rows[plan.pipeline_rank(rank)]) {}

  MessageMemory run() {
    add_buckets();
    if (carriers_.stages == Carrying::staged) add_stages();
    const schedule::Tasks tasks(program_, mine_.memory.backward);
    std::set<std::pair<Stage, ActionKind>> seen;
    for (const Action& action : row_) {
      if (!is_compute(action.kind) || !seen.emplace(action.stage, action.kind).second) continue;
      run(tasks.of(action), nullptr);
      if (action.kind == ActionKind::forward)
        for (const maps::Block& chunk : mine_.loss_chunks) run(tasks.loss(action.stage), &chunk);
      finish();
    }
    for (const graph::Node& node : program_.graph.nodes)
      if (once_a_step(node.phase) && phases_.insert(node.phase).second) {
        run(tasks.once(node.phase), nullptr);
        finish();
      }
    return rooms_.most();
  }

 private:
  struct UnderWay {
    Needs needs;
    InUse::Ranks ranks;
    ValueId in, out;
  };

  Group group(const maps::Map& map) const {
    const int index = plan_.grid().index_in(map.axes, rank_);
    if (map.among.empty()) return group(map.axes);
    const auto place = std::ranges::find(map.among, index) - map.among.begin();
    return {map.axes, static_cast<int>(map.among.size()), static_cast<int>(place), carriers_.maps};
  }
  Group group(maps::AxisSet axes) const {
    const int size = plan_.grid().extent(axes);
    // A device's library is not asked by a rank alone.
    return {axes, size, plan_.grid().index_in(axes, rank_), size == 1 ? carriers_.hosts : carriers_.maps};
  }

  const schedule::Location& place(ValueId id) const {
    return mine_.memory.locations[static_cast<std::size_t>(id)];
  }
  Part part(ValueId id, const maps::Block* chunk) const {
    Shape shape = place(id).shape;
    if (chunk && graph::has_rows(program_.graph[id].shape)) shape[0] = chunk->size();
    return {program_.graph[id].dtype, shape};
  }

  void run(std::span<const NodeId> nodes, const maps::Block* chunk) {
    for (const NodeId id : nodes) {
      const graph::Node& node = program_.graph.nodes[static_cast<std::size_t>(id)];
      settle(node);
      if (const auto* map = std::get_if<maps::Map>(&node.attributes); map && !by_bucket_.contains(id))
        begin(node, *map, chunk);
    }
  }

  void begin(const graph::Node& node, const maps::Map& map, const maps::Block* chunk) {
    const ValueId in = node.in.front(), out = node.out.front();
    const bool in_place = place(in).pool == place(out).pool && place(in).offset == place(out).offset;
    const InUse::Ranks ranks{map.axes, map.among};
    const Group those = group(map);
    Needs needs = needs_of(map, those, part(in, chunk), part(out, chunk), in_place);
    rooms_.take(needs, ranks);
    if (those.by == Carrying::device || !map.among.empty())
      rooms_.give_back(needs, ranks);
    else
      under_way_.push_back({std::move(needs), ranks, in, out});
  }

  void settle(const graph::Node& node) {
    const auto has = [](const std::vector<ValueId>& ids, ValueId id) {
      return std::ranges::count(ids, id) > 0;
    };
    std::erase_if(under_way_, [&](const UnderWay& map) {
      const bool touched = has(node.in, map.out) || has(node.out, map.out) || has(node.out, map.in);
      if (touched) rooms_.give_back(map.needs, map.ranks);
      return touched;
    });
  }
  void finish() {
    for (const UnderWay& map : under_way_) rooms_.give_back(map.needs, map.ranks);
    under_way_.clear();
  }

  void add_buckets() {
    for (const schedule::Bucket& bucket : mine_.buckets) {
      const std::int64_t bytes = bucket.end - bucket.begin;
      const Group ranks = group(bucket.axes);
      const Needs needs = needs_of_sum(ranks, {bucket.dtype, {bytes / size_of(bucket.dtype)}}, bucket.sent);
      rooms_.take(needs, {bucket.axes, {}});
      if (ranks.by == Carrying::device) rooms_.give_back(needs, {bucket.axes, {}});
    }
    if (!program_.trained.empty())
      for (const passes::Reduction& reduction : passes::reductions(program_))
        by_bucket_.insert(reduction.node);
  }

  /// As many messages of a channel as may be under way; of those to come, as many as are asked for ahead.
  void add_stages() {
    std::map<std::pair<Stage, ActionKind>, int> messages;
    for (const Action& action : row_)
      if (is_send(action.kind) || is_receive(action.kind)) ++messages[{action.stage, action.kind}];
    for (const auto& [which, count] : messages) {
      const auto& [stage, kind] = which;
      const auto border = std::ranges::find(program_.borders, stage, &passes::Border::stage);
      const int most = is_send(kind) ? execution_.channel_capacity : execution_.lookahead;
      Needs needs;
      for (const ValueId id : schedule::message(*border, kind)) needs.stage(part(id, nullptr).bytes());
      rooms_.take(needs, {maps::Axis::pipeline, {}}, std::min(count, most));
    }
  }

  const Plan& plan_;
  const Execution& execution_;
  Rank rank_;
  Carriers carriers_;
  const RankPlan& mine_;
  const passes::Program& program_;
  const schedule::Row& row_;
  std::set<NodeId> by_bucket_;  ///< sums that a bucket carries out
  std::set<graph::Phase> phases_;
  InUse rooms_;
  std::vector<UnderWay> under_way_;
};

/// They take turns.
std::vector<MessageRooms> either(const std::vector<MessageRooms>& some, std::vector<MessageRooms> all) {
  for (const MessageRooms& one : some) {
    const auto same = std::ranges::find_if(all, [&](const MessageRooms& other) {
      return std::tie(other.axes, other.among, other.bytes) == std::tie(one.axes, one.among, one.bytes);
    });
    if (same == all.end())
      all.push_back(one);
    else
      same->count = std::max(same->count, one.count);
  }
  return all;
}

}  // namespace

std::int64_t bytes_of(std::span<const MessageRooms> rooms) {
  std::int64_t bytes = 0;
  for (const MessageRooms& one : rooms) bytes += one.bytes * one.count;
  return bytes;
}

MessageMemory message_memory(const Plan& plan, Rank rank, Carriers carriers) {
  const MessageMemory training = Walk(plan, plan.training, rank, carriers).run(),
                      evaluation = Walk(plan, plan.evaluation, rank, carriers).run();
  return {either(evaluation.landing, training.landing), either(evaluation.staged, training.staged),
          either(evaluation.library, training.library)};
}

}  // namespace heddle::plan
