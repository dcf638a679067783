#include "heddle/schedule/memory_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <span>

#include "heddle/maps/local.hpp"
#include "heddle/passes/loss_tail.hpp"
#include "heddle/schedule/arena.hpp"
#include "padding.hpp"
#include "storage.hpp"
#include "workspace.hpp"

namespace heddle::schedule {
namespace {

constexpr std::int64_t alignment = 256;  // bytes; a cache line for the host, a memory transaction for a GPU
std::int64_t aligned(std::int64_t bytes) { return filled_up(bytes, alignment); }

using graph::Role;
using graph::ValueId;

class Planner {
 public:
  explicit Planner(const PlanInput& input)
      : in_(input), graph_(input.program.graph), storage_(input.program, backward_of(input.row)) {
    plan_.backward = backward_of(input.row);
    plan_.locations.resize(graph_.values.size());
    for (const char* name :
         {"parameters", "moments", "remainders", "undo", "batch", "totals", "gradients", "scratch"})
      plan_.pools.push_back({.name = name});
  }

  MemoryPlan run() {
    shape_values();
    place_gradients();
    for (const Storage& storage : storage_.all()) place(storage);
    add_workspaces();
    place_scratch();
    place_frames();
    for (Pool& pool : plan_.pools) {
      pool.offset = plan_.bytes;
      plan_.bytes += pool.bytes();
    }
    return std::move(plan_);
  }

 private:
  Pool& pool(FixedPool pool) { return plan_.pools[static_cast<int>(pool)]; }

  /// What never leaves Phase::loss has the rows of its largest chunk.
  void shape_values() {
    const std::vector<bool> inside = passes::inside_loss(in_.program);
    const auto chunks = passes::loss_chunks(in_.program, in_.grid, in_.rank, in_.extents);
    const std::vector<Padded> padded = padded_values(in_.program);
    for (std::size_t id = 0; id < graph_.values.size(); ++id) {
      const graph::Value& value = graph_.values[id];
      Location& place = plan_.locations[id];
      place.shape =
          maps::local_shape(graph::resolve(value.shape, in_.extents), value.layout, in_.grid, in_.rank);
      if (inside[id]) place.shape[0] = chunks.front().size();
      if (padded[id] == Padded::columns) place.shape[1] = filled_up(place.shape[1], in_.table_multiple);
      Shape stored = place.shape;
      if (padded[id] == Padded::rows) stored[0] = filled_up(stored[0], in_.table_multiple);
      place.bytes = stored.count() * size_of(value.dtype);
    }
  }

  std::int64_t bytes_of(const Storage& storage) const {
    std::int64_t bytes = 0;
    for (ValueId id : storage.values) bytes = std::max(bytes, plan_.locations[id].bytes);
    return aligned(bytes);
  }

  void put(const Storage& storage, int pool, std::int64_t offset) {
    for (ValueId id : storage.values) plan_.locations[id].pool = pool, plan_.locations[id].offset = offset;
  }

  void append(const Storage& storage, FixedPool where) {
    put(storage, static_cast<int>(where), pool(where).slot_bytes);
    pool(where).slot_bytes += bytes_of(storage);
  }

  /// Gradients that are reduced over the same axes lie side by side, in the order in which they become final,
  /// so that a bucket of them is one message; those that F begins, at the loss, come first.
  void place_gradients() {
    std::map<ValueId, maps::AxisSet> axes_of;
    for (const passes::Reduction& reduction : passes::reductions(in_.program))
      axes_of[reduction.sum] = reduction.axes;
    std::map<maps::AxisSet, std::vector<const Storage*>> by_axes;
    for (const passes::Trained& trained : in_.program.trained)
      for (ValueId sum : trained.sums) by_axes[axes_of[sum]].push_back(&storage_.of(sum));
    for (auto& [axes, storages] : by_axes) {
      std::stable_partition(storages.begin(), storages.end(), made_by_forward);
      for (const Storage* storage : storages) {
        if (plan_.locations[storage->values.front()].pool >= 0) continue;
        append(*storage, FixedPool::gradients);
        if (made_by_forward(storage)) begun_by_forward_ = pool(FixedPool::gradients).slot_bytes;
      }
    }
  }

  static bool made_by_forward(const Storage* storage) { return storage->made_in.kind == ActionKind::forward; }

  void place(const Storage& storage) {
    const ValueId id = storage.values.front();
    if (plan_.locations[id].pool >= 0) return;
    const Role role = graph_[id].role;
    if (storage.invariant) return append(storage, FixedPool::parameters);
    if (role == Role::state) return append(storage, FixedPool::moments);
    if (role == Role::remainder) return append(storage, FixedPool::remainders);
    if (role == Role::replaced) return append(storage, FixedPool::undo);
    if (role == Role::gradient) return append(storage, FixedPool::gradients);
    if (id == in_.program.loss) return append(storage, FixedPool::totals);
    if (role == Role::input && !storage.received) return place_batch(storage);
    const auto life = life_of(storage);
    (life ? frames_[*life] : scratch_).push_back(&storage);
  }

  /// Tokens and targets of a whole step, one slot a microbatch.
  void place_batch(const Storage& storage) {
    append(storage, FixedPool::batch);
    Pool& batch = pool(FixedPool::batch);
    batch.slot_count = in_.microbatches;
    batch.slot_of.resize(in_.microbatches);
    for (int m = 0; m < in_.microbatches; ++m) batch.slot_of[m] = m;
  }

  /// From which tasks to which it lives; nothing for what lives within one.
  std::optional<BufferClass> life_of(const Storage& storage) const {
    const Task made = storage.received ? *storage.received : storage.made_in;
    BufferClass life{{made}, storage.used_in};
    if (storage.sent) life.last.insert(*storage.sent);
    life.last.erase(made);
    if (life.last.empty() && !storage.received) return {};
    if (life.last.empty()) life.last.insert(made);
    return life;
  }

  /// A workspace is scratch that lives while its node runs: at the moment at which the node's output begins to.
  void add_workspaces() {
    plan_.workspaces.assign(graph_.nodes.size(), -1);
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      const graph::Node& node = graph_.nodes[i];
      const std::int64_t bytes =
          aligned(workspace_bytes(in_.attention, graph_, node, plan_.locations, in_.extents));
      if (bytes == 0) continue;
      const Storage& made = storage_.of(node.out.front());
      const auto id = static_cast<ValueId>(plan_.locations.size());
      plan_.workspaces[i] = id;
      plan_.locations.push_back({.bytes = bytes, .shape = {bytes / size_of(DType::f32)}});
      workspaces_.push_back({.values = {id},
                             .made_in = made.made_in,
                             .first_moment = made.first_moment,
                             .last_moment = made.first_moment});
      scratch_.push_back(&workspaces_.back());
    }
  }

  /// Where no F follows a B, what F needs may lie in the gradients that only B begins. They end
  /// where scratch begins.
  void place_scratch() {
    const auto forwards =
        std::stable_partition(scratch_.begin(), scratch_.end(), std::not_fn(made_by_forward));
    const std::int64_t gradients = pool(FixedPool::gradients).slot_bytes;
    const std::int64_t free = forwards_come_first() ? gradients - begun_by_forward_ : 0;
    pool(FixedPool::scratch).slot_bytes = std::max(place_together({scratch_.begin(), forwards}, 0),
                                                   place_together({forwards, scratch_.end()}, -free));
  }

  /// Puts these into scratch from `begin` on; returns where they end.
  std::int64_t place_together(std::span<const Storage* const> storages, std::int64_t begin) {
    std::vector<Lifetime> lifetimes;
    for (const Storage* storage : storages)
      lifetimes.push_back({storage->first_moment, storage->last_moment, bytes_of(*storage)});
    const Packing placement = pack(lifetimes, alignment);
    for (std::size_t i = 0; i < storages.size(); ++i)
      put(*storages[i], static_cast<int>(FixedPool::scratch), begin + placement.offsets[i]);
    return begin + placement.total;
  }

  bool forwards_come_first() const {
    if (in_.window > 1) return false;
    const auto first_backward =
        std::ranges::find_if(in_.row, [](const Action& a) { return is_backward(a.kind); });
    return std::none_of(first_backward, in_.row.end(),
                        [](const Action& a) { return a.kind == ActionKind::forward; });
  }

  /// The buffers of one life, all of a microbatch's one behind the other.
  struct Frames {
    BufferClass life;
    const std::vector<const Storage*>* storages;
    std::int64_t bytes;  ///< of a microbatch
    Slots slots;
  };

  /// What lives alike in several stages of the rank may share its slots.
  void place_frames() {
    std::map<BufferClass, std::vector<Frames>> alike;
    for (const auto& [life, storages] : frames_) {
      Frames frames{life, &storages, 0, assign_slots(lives_of(life))};
      for (const Storage* storage : storages) frames.bytes += bytes_of(*storage);
      alike[of_any_stage(life)].push_back(std::move(frames));
    }
    for (const auto& [life, members] : alike) {
      const Slots together = slots_together(members);
      std::int64_t apart = 0, slot_bytes = 0;
      for (const Frames& frames : members) {
        apart += frames.bytes * frames.slots.count;
        slot_bytes = std::max(slot_bytes, frames.bytes);
      }
      if (members.size() > 1 && slot_bytes * together.count <= apart)
        add_pool(name_of(life, /*stages=*/false), together, slot_bytes, members);
      else
        for (const Frames& frames : members)
          add_pool(name_of(frames.life, in_.program.borders.size() > 1), frames.slots, frames.bytes,
                   {&frames, 1});
    }
  }

  void add_pool(const std::string& name, const Slots& slots, std::int64_t slot_bytes,
                std::span<const Frames> members) {
    const int index = static_cast<int>(plan_.pools.size());
    Pool pool{.name = name, .slot_bytes = slot_bytes, .slot_count = slots.count};
    for (const Frames& frames : members) {
      std::int64_t offset = 0;
      for (const Storage* storage : *frames.storages) {
        put(*storage, index, offset);
        for (ValueId id : storage->values)
          plan_.locations[id].first_buffer = static_cast<int>(pool.slot_of.size());
        offset += bytes_of(*storage);
      }
      const int first = static_cast<int>(pool.slot_of.size());
      for (int m = 0; m < in_.microbatches; ++m) pool.slot_of.push_back(slots.of(first + m));
    }
    plan_.pools.push_back(std::move(pool));
  }

  std::vector<BufferLife> lives_of(const BufferClass& life) const {
    return lives(in_.row, life, in_.lookahead, in_.channel_capacity, in_.window);
  }

  /// The members' microbatches are counted on, one member after the other.
  Slots slots_together(const std::vector<Frames>& members) const {
    std::vector<BufferLife> all;
    int first = 0;
    for (const Frames& frames : members) {
      for (BufferLife life : lives_of(frames.life)) {
        life.microbatch += first;
        all.push_back(life);
      }
      first += in_.microbatches;
    }
    std::ranges::stable_sort(all, {}, &BufferLife::begin);
    return assign_slots(all);
  }

  /// The same life of stage 0, if it is all of one stage.
  static BufferClass of_any_stage(const BufferClass& life) {
    BufferClass any;
    const Stage stage = life.first.begin()->stage;
    for (const auto& [from, to] : {std::pair(&life.first, &any.first), std::pair(&life.last, &any.last)})
      for (const Task& task : *from) {
        if (task.stage != stage) return life;
        to->insert({Stage(0), task.kind});
      }
    return any;
  }

  /// "frame F to B", "message 1F to 1SEND_F".
  static std::string name_of(const BufferClass& life, bool stages) {
    const Task first = *life.first.begin(), last = *life.last.rbegin();
    const auto word = [&](const Task& task) {
      return stages ? fmt::format("{}{}", task.stage, name(task.kind)) : std::string(name(task.kind));
    };
    const bool message = is_receive(first.kind) || is_send(last.kind);
    return fmt::format("{} {} to {}", message ? "message" : "frame", word(first), word(last));
  }

  const PlanInput& in_;
  const graph::Graph& graph_;
  StorageTable storage_;
  MemoryPlan plan_;
  std::int64_t begun_by_forward_ = 0;  ///< bytes of gradients up to the last one that F writes
  std::vector<const Storage*> scratch_;
  std::deque<Storage> workspaces_;  ///< one a node that has one; they stay where they are
  std::map<BufferClass, std::vector<const Storage*>> frames_;
};

}  // namespace

MemoryPlan plan_memory(const PlanInput& input) { return Planner(input).run(); }

}  // namespace heddle::schedule
