// Every byte that a rank will hold, known before the first step: parameters, gradients, optimizer moments,
// the batch, frames as many as the schedule keeps alive, messages, and scratch shared by all programs.
#pragma once

#include <string>
#include <vector>

#include "heddle/base/attention_memory.hpp"
#include "heddle/maps/grid.hpp"
#include "heddle/passes/differentiate.hpp"
#include "heddle/schedule/slots.hpp"
#include "heddle/schedule/tasks.hpp"

namespace heddle::schedule {

/// One kind of memory: equal slots one behind the other, or a single one that all microbatches share.
struct Pool {
  std::string name;
  std::int64_t offset = 0;  ///< of its first slot in the arena, bytes
  std::int64_t slot_bytes = 0;
  int slot_count = 1;
  /// By microbatch, for each of the stages that share the pool one after the other; empty: all take slot 0.
  std::vector<int> slot_of = {};

  std::int64_t bytes() const { return slot_bytes * slot_count; }
  int slot(int buffer) const { return slot_of.empty() ? 0 : slot_of[buffer]; }
};

/// Where a value lies: in a slot of a pool, `offset` bytes behind the slot's begin.
struct Location {
  int pool = -1;
  std::int64_t offset =
      0;  ///< in scratch it may be negative: what F needs reaches into gradients that are yet to come
  std::int64_t bytes = 0;  ///< of all that is stored: a table's padding rows too
  int first_buffer = 0;    ///< where the pool's slot_of has microbatch 0 of this value
  /// This rank's part; of what never leaves Phase::loss, a chunk's rows of it; of logits, padding columns too.
  Shape shape;
};

/// The pools that every plan has, in this order; frames and messages follow. The first four live as long as
/// the run, the others are free between two steps.
enum class FixedPool : int { parameters, moments, remainders, undo, batch, totals, gradients, scratch };
inline constexpr int fixed_pool_count = 8;

struct MemoryPlan {
  std::vector<Pool> pools;
  std::vector<Location> locations;  ///< of every value, and behind them of every workspace
  /// Of every node: which location is its workspace, memory that its kernel, or a library, works in while it runs;
  /// -1: it has none.
  std::vector<int> workspaces;
  std::int64_t bytes = 0;  ///< of the arena
  Backward backward = Backward::whole;

  int slot(const Location& place, int microbatch) const {
    return pools[place.pool].slot(place.first_buffer + microbatch);
  }
  const Pool& operator[](FixedPool pool) const { return pools[static_cast<int>(pool)]; }
  /// What a plan with the same parameters may borrow between two steps: what lives within a step.
  std::int64_t spare() const { return bytes - (*this)[FixedPool::batch].offset; }
  /// What such a plan needs beside the parameters.
  std::int64_t beside_parameters() const { return bytes - (*this)[FixedPool::parameters].bytes(); }
};

struct PlanInput {
  const passes::Program& program;
  const maps::Grid& grid;
  Rank rank = 0;
  graph::Extents extents = {};
  const Row& row;  ///< what the rank does in a step; it may be forward only
  int microbatches = 1;
  int window = 1;  ///< of the schedule
  int lookahead = default_lookahead;
  int channel_capacity = default_channel_capacity;
  AttentionBy attention = AttentionBy::host;  ///< wants the workspaces of base/attention_memory.hpp
  int table_multiple = 1;                     ///< see src/schedule/padding.hpp
};

/// Values that share memory are found first: a map that moves nothing, or sums in place, and ops that may
/// write over an input that nobody reads again. Then each piece of memory goes by its life: of the run, of
/// the step, of a microbatch between two actions, or within one program.
MemoryPlan plan_memory(const PlanInput& input);

}  // namespace heddle::schedule
