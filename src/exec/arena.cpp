#include "heddle/exec/arena.hpp"

#include <cstring>

namespace heddle::exec {

using schedule::FixedPool;
using schedule::Place;

namespace {

/// Reductions, moments and checkpoints take these pools as a whole, so they stay in one piece.
bool taken_whole(int pool) { return pool < static_cast<int>(FixedPool::scratch); }

kernels::Memory poisoned(std::int64_t bytes) {
  kernels::Memory memory(bytes);
  if (bytes > 0) std::memset(memory.data(), 0xff, static_cast<std::size_t>(bytes));  // NaN in every format
  return memory;
}

}  // namespace

Arena::Arena(const schedule::MemoryPlan& plan, Packing packing, const Arena* parameters)
    : plan_(plan), packing_(packing), parameters_(parameters) {
  if (parameters_) {  // the lender's slots come first in the plan; this arena begins behind them
    HEDDLE_EXPECT(parameters_->plan_[FixedPool::parameters].slot_bytes ==
                  plan_[FixedPool::parameters].slot_bytes);
    const std::int64_t lent = plan_.pools.front().bytes();
    for (schedule::Pool& pool : plan_.pools) pool.offset -= lent;
    plan_.bytes -= lent;
  }
  std::int64_t bytes = plan_.bytes;
  if (packing_ == Packing::separate) {
    bytes = plan_[FixedPool::scratch].offset;
    for (const Place& place : plan_.places) {
      buffers_.emplace_back();
      if (place.pool < 0 || taken_whole(place.pool)) continue;
      for (int i = 0; i < plan_.pools[place.pool].slot_count; ++i)
        buffers_.back().push_back(poisoned(place.bytes));
    }
  }
  memory_ = kernels::Memory(bytes);
  memory_.zero();
}

std::byte* Arena::slot(int pool, int index) const {
  if (parameters_ && pool == static_cast<int>(FixedPool::parameters)) return parameters_->slot(pool, index);
  return static_cast<std::byte*>(memory_.data()) + plan_.pools[pool].offset +
         plan_.pools[pool].slot_bytes * index;
}

Tensor Arena::tensor(graph::ValueId id, DType dtype, int microbatch) const {
  const Place& place = plan_.places[id];
  HEDDLE_EXPECT(place.pool >= 0);
  const int index = plan_.pools[place.pool].slot(microbatch);
  HEDDLE_EXPECT(index >= 0);
  if (packing_ == Packing::separate && !taken_whole(place.pool))
    return {buffers_[id][index].data(), dtype, place.shape};
  return {slot(place.pool, index) + place.offset, dtype, place.shape};
}

Tensor Arena::whole(FixedPool pool, DType dtype, int index) const {
  return {slot(static_cast<int>(pool), index), dtype, {plan_[pool].slot_bytes / size_of(dtype)}};
}

std::int64_t Arena::allocated() const {
  std::int64_t bytes = memory_.bytes();
  for (const auto& slots : buffers_)
    for (const auto& buffer : slots) bytes += buffer.bytes();
  return bytes;
}

}  // namespace heddle::exec
