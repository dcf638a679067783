#include "heddle/exec/arena.hpp"

namespace heddle::exec {

using schedule::FixedPool;
using schedule::Location;

namespace {

/// Reductions take the gradients as a whole, and what outlives a step lies beside them: they stay in one piece.
bool taken_whole(int pool) { return pool < static_cast<int>(FixedPool::scratch); }

}  // namespace

Arena::Arena(const schedule::MemoryPlan& plan, Packing packing, const lanes::Lane& lane, const Arena* lender)
    : plan_(plan), packing_(packing), lender_(lender) {
  if (lender_) {
    HEDDLE_EXPECT(lender_->plan_[FixedPool::parameters].slot_bytes ==
                  plan_[FixedPool::parameters].slot_bytes);
    lent_ = plan_[FixedPool::parameters].bytes();
  }
  if (packing_ == Packing::separate)
    for (const Location& place : plan_.locations) {
      buffers_.emplace_back();
      if (place.pool < 0 || taken_whole(place.pool)) continue;
      for (int i = 0; i < plan_.pools[place.pool].slot_count; ++i)
        buffers_.back().emplace_back(place.bytes, lane);
    }
  const bool borrows =
      lender_ && packing_ == Packing::arena && plan_.beside_parameters() <= lender_->plan_.spare();
  if (borrows) {
    begin_ = lender_->slot(static_cast<int>(FixedPool::batch), 0);
    return;
  }
  const std::int64_t end = packing_ == Packing::separate ? plan_[FixedPool::scratch].offset : plan_.bytes;
  memory_ = lanes::Memory(end - lent_, lane);
  memory_.zero(lane);
  begin_ = static_cast<std::byte*>(memory_.data());
}

std::byte* Arena::slot(int pool, int index) const {
  if (lender_ && pool == static_cast<int>(FixedPool::parameters)) return lender_->slot(pool, index);
  return begin_ + plan_.pools[pool].offset - lent_ + plan_.pools[pool].slot_bytes * index;
}

Tensor Arena::tensor(graph::ValueId id, DType dtype, int microbatch) const {
  const Location& place = plan_.locations[id];
  HEDDLE_EXPECT(place.pool >= 0);
  const int index = plan_.slot(place, microbatch);
  HEDDLE_EXPECT(index >= 0);
  if (packing_ == Packing::separate && !taken_whole(place.pool))
    return {buffers_[id][index].data(), dtype, place.shape};
  return {slot(place.pool, index) + place.offset, dtype, place.shape};
}

Tensor Arena::workspace(graph::NodeId node) const {
  const int place = plan_.workspaces[node];
  return place < 0 ? Tensor() : tensor(place, DType::f32);
}

Tensor Arena::whole(FixedPool pool, DType dtype) const {
  return {slot(static_cast<int>(pool), 0), dtype, {plan_[pool].slot_bytes / size_of(dtype)}};
}

void Arena::exchange(graph::ValueId a, graph::ValueId b) {
  HEDDLE_EXPECT(plan_.locations[a].bytes == plan_.locations[b].bytes);
  std::swap(plan_.locations[a], plan_.locations[b]);
  if (packing_ == Packing::separate) std::swap(buffers_[a], buffers_[b]);
}

std::int64_t Arena::allocated() const {
  std::int64_t bytes = memory_.bytes();
  for (const auto& slots : buffers_)
    for (const auto& buffer : slots) bytes += buffer.bytes();
  return bytes;
}

}  // namespace heddle::exec
