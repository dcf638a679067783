// The memory of a rank, laid out as its plan says.
#pragma once

#include <vector>

#include "heddle/kernels/lane.hpp"
#include "heddle/schedule/memory_plan.hpp"

namespace heddle::exec {

enum class Packing {
  arena,  ///< one allocation, buffers share memory by their lifetimes
  separate,  ///< an allocation for each buffer and slot, filled with NaN before use: to find mistakes in the plan
};

class Arena {
 public:
  /// Parameters are those of `parameters` where it is given (it must outlive this one and have planned them alike).
  Arena(const schedule::MemoryPlan& plan, Packing packing, const Arena* parameters = nullptr);

  /// The memory of a value for one microbatch; any will do where all share one slot.
  Tensor tensor(graph::ValueId id, DType dtype, int microbatch = 0) const;
  /// A slot of one of the fixed pools as one tensor.
  Tensor whole(schedule::FixedPool pool, DType dtype, int slot = 0) const;

  const schedule::MemoryPlan& plan() const { return plan_; }
  /// Bytes that were allocated, which the plan foretells.
  std::int64_t allocated() const;

 private:
  std::byte* slot(int pool, int index) const;

  schedule::MemoryPlan plan_;
  Packing packing_;
  const Arena* parameters_;
  kernels::Memory memory_;
  /// In separate packing: [value][slot]; pools that are used as a whole stay in `memory_`.
  std::vector<std::vector<kernels::Memory>> buffers_;
};

}  // namespace heddle::exec
