// Writing a checkpoint: each rank puts its parts of the tensors where they belong in one file, at once or on a thread of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "heddle/base/error.hpp"
#include "heddle/base/tensor.hpp"
#include "heddle/comm/communicator.hpp"
#include "heddle/io/checkpoint.hpp"
#include "heddle/lanes/mark.hpp"

namespace heddle::io {

/// The part of one dataset that this rank holds: block [begin, begin + local.shape) of a tensor
/// of `global` extents.
struct Shard {
  std::string dataset;
  Shape global;
  Shape begin;
  Tensor local;        ///< fp32 or fp64, dense; no data: `make` makes its numbers
  bool writes = true;  ///< of the ranks that hold the same part, exactly one writes it
  /// Those from the `begin`-th of `local` on, as many as `to` has.
  std::function<void(std::int64_t begin, const Tensor& to)> make = {};
};

/// A checkpoint that was not written: the same on every rank, each of which can go on.
class WriteFailure : public Error {
 public:
  using Error::Error;
};

/// One that nobody could go on from: a number of some rank is NaN or infinite. The same on every rank.
class StateNotFinite : public Error {
 public:
  using Error::Error;
};

/// One checkpoint on its way to the disk: `CheckpointWriter w(...); w.write(); w.finish();`. The file is written as `path`.partial, with a
/// checksum for every piece, brought to disk, marked complete, and only then named `path`. One that is not finished is removed, and an older
/// file under `path` is untouched.
class CheckpointWriter {
 public:
  /// Collective over `ranks`, which must outlive it; every rank gives its shards in any order, at most one of each dataset. Makes the file, the
  /// folders that it lies in, and asks for room on the disk for all of it. On failure every rank throws the same WriteFailure.
  CheckpointWriter(const comm::Communicator& ranks, const std::string& path, const CheckpointHeader& header,
                   std::span<const Shard> shards);
  /// What it still does is given up.
  ~CheckpointWriter();
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;

  /// Writes this rank's parts and brings them to disk. `finish` tells what failed.
  void write();
  /// The same on a thread of its own, which calls neither MPI nor HDF5, once `ready` is passed. The shards' numbers must stay until it is done.
  void write_behind(lanes::Mark ready = {});
  /// Whether this rank's parts are written, or have failed to be.
  bool done() const;
  /// Collective. Waits until all ranks' are; then the checkpoint is there. On failure every rank throws the same WriteFailure; or
  /// StateNotFinite, which is told first.
  void finish();

  /// Of all ranks' numbers; on rank 0 alone.
  std::int64_t bytes() const;
  /// That the slowest rank took to write its parts, once it is finished; on rank 0 alone.
  double seconds() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// All three in turn.
void write_checkpoint(const comm::Communicator& ranks, const std::string& path,
                      const CheckpointHeader& header, std::span<const Shard> shards);

}  // namespace heddle::io
