// A message library of a device, whose calls are enqueued on lanes and done in their order, as NCCL's are. This is the table
// of functions that Heddle needs of one: NCCL's is in src/comm/nccl, and that of the tests goes through MPI
// (tests/support/message_double.hpp).
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "heddle/base/tensor.hpp"
#include "heddle/lanes/lane.hpp"

namespace heddle::comm {

/// Calls throw Error where the library fails.
class DeviceMessages {
 public:
  using Id = std::array<std::byte, 128>;
  /// What one rank gives another, or takes from it.
  struct Message {
    int peer;
    Tensor tensor;
  };
  /// Ranks that make the same calls in the same order. Tensors are of memory that the lane reaches.
  class Group {
   public:
    virtual ~Group() = default;
    /// Its own, of the device that computes: what is called is enqueued there.
    virtual const lanes::Lane& lane() const = 0;
    /// The sum over all ranks; the same bits on every rank and every time. May be in place.
    virtual void all_reduce(const Tensor& in, const Tensor& out) = 0;
    /// The sum over all ranks, in place on `root`; elsewhere the tensor is only read.
    virtual void reduce(const Tensor& tensor, int root) = 0;
    virtual void broadcast(const Tensor& tensor, int root) = 0;
    /// All of them at once. Messages between two ranks meet in the order in which they are given.
    virtual void exchange(std::span<const Message> sends, std::span<const Message> receives) = 0;
  };

  virtual ~DeviceMessages() = default;
  /// For a report: "NCCL 2.28.3".
  virtual std::string name() const = 0;
  /// A name for a group that is to be, which all its ranks must know.
  virtual Id new_id() = 0;
  /// Collective over the ranks of the group.
  virtual std::unique_ptr<Group> join(const Id& id, int ranks, int rank) = 0;
  /// Throws Error if a group has failed. Whatever waits on the host asks this, again and again.
  virtual void look_after() = 0;
  /// This rank fails: nothing that is under way is waited for any more, here or by the device. Groups are good for nothing then.
  virtual void give_up() noexcept = 0;
};

}  // namespace heddle::comm
