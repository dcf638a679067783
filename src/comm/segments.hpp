// A box inside a row-major tensor, as MPI wants it described.
#pragma once

#include <memory>
#include <vector>

#include "heddle/maps/box.hpp"
#include "mpi.hpp"

namespace heddle::comm {

/// The segment `box` of a tensor that covers `holder`: elements in a row where it is contiguous, so that MPI
/// neither packs nor looks at types, a derived type elsewhere.
class Segment {
 public:
  Segment(DType dtype, const maps::Box& holder, const maps::Box& box);

  /// The buffer, count and type to hand to MPI, where the tensor starts at `data`.
  void* in(void* data) const { return static_cast<char*>(data) + offset_; }
  int count() const { return count_; }
  bool in_a_row() const { return !derived_; }
  MPI_Datatype type() const { return derived_ ? *derived_ : mpi_type(dtype_); }

 private:
  DType dtype_;
  std::int64_t offset_ = 0;  // bytes
  int count_ = 0;
  std::shared_ptr<MPI_Datatype> derived_;
};

/// Merges every dim that lies the same in all `boxes` into the dim before it: the runs become longer,
/// the dims fewer.
void merge_common_dims(const std::vector<maps::Box*>& boxes);

}  // namespace heddle::comm
