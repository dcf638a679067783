// The memory of a rank, laid out as its plan says.
#pragma once

#include <vector>

#include "heddle/lanes/memory.hpp"
#include "heddle/schedule/memory_plan.hpp"

namespace heddle::exec {

enum class Packing {
  arena,  ///< one allocation, buffers share memory by their lifetimes
  separate,  ///< an allocation for each buffer and slot, filled with NaN before each use: to find mistakes in the plan
};

class Arena {
 public:
  /// Its memory is the lane's. With a `lender`, which must outlive it and have planned the parameters alike,
  /// its parameters are the lender's, and so is its memory if the lender has enough to spare: both may be
  /// used in turns, step by step.
  Arena(const schedule::MemoryPlan& plan, Packing packing, const lanes::Lane& lane,
        const Arena* lender = nullptr);

  /// The memory of a value for one microbatch; any will do where all share one slot.
  Tensor tensor(graph::ValueId id, DType dtype, int microbatch = 0) const;
  /// What a node's library works in; no data where the plan gives it nothing.
  Tensor workspace(graph::NodeId node) const;
  /// The first slot of one of the fixed pools as one tensor.
  Tensor whole(schedule::FixedPool pool, DType dtype) const;

  /// From now on each value lies where the other one lay. They are equally large.
  void exchange(graph::ValueId a, graph::ValueId b);

  const schedule::MemoryPlan& plan() const { return plan_; }
  Packing packing() const { return packing_; }
  /// Bytes of its own, which the plan foretells.
  std::int64_t allocated() const;

 private:
  std::byte* slot(int pool, int index) const;

  schedule::MemoryPlan plan_;
  Packing packing_;
  const Arena* lender_;
  lanes::Memory memory_;
  std::byte* begin_ = nullptr;  ///< of the pools that are not lent
  std::int64_t lent_ = 0;       ///< bytes of the plan before `begin_`
  /// In separate packing: [value][slot]; pools that are used as a whole stay in one piece.
  std::vector<std::vector<lanes::Memory>> buffers_;
};

}  // namespace heddle::exec
