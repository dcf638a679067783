// A few pages of the host that the ranks of a group share: there they meet, and there are the counters by which their lanes wait
// for each other. The host sees them too, so that a failing rank can let its lanes go.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "heddle/comm/device_messages.hpp"
#include "heddle/comm/peer_memory.hpp"

namespace heddle::comm {

class PeerSegment {
 public:
  enum class Counter { arrived, taken };

  /// Throws Error where the host has no room for it.
  PeerSegment(const DeviceMessages::Id& id, int ranks, int rank);
  ~PeerSegment();
  PeerSegment(const PeerSegment&) = delete;
  PeerSegment& operator=(const PeerSegment&) = delete;

  void* data() const { return data_; }
  std::int64_t bytes() const { return bytes_; }
  /// Bytes from `data()` to the number of slices that came from one rank to another, or that the other has taken.
  std::int64_t offset(Counter counter, int from, int to) const;
  std::uint32_t& count(Counter counter, int from, int to) const;

  /// Collective, waits: the handles of all ranks. Throws Error where another rank fails or does not come.
  std::vector<PeerMemory::Handle> meet(const PeerMemory::Handle& mine);
  /// Collective, waits until all have opened what they met for.
  void opened();
  /// This rank reaches no other's memory any more.
  void leave();
  /// This rank cannot be one of the group; it has left.
  void fail() noexcept;
  bool left_by_all() const;

 private:
  enum class Stage : std::uint32_t { absent, met, opened, left, failed };
  struct alignas(128) Place {
    Stage stage;
    PeerMemory::Handle handle;
  };
  Place& place(int rank) const { return static_cast<Place*>(data_)[rank]; }
  Stage stage(int rank) const;
  void enter(Stage stage) noexcept;
  void wait_for_all(Stage stage) const;

  std::string name_;
  int ranks_, rank_;
  std::int64_t bytes_;
  void* data_;
};

}  // namespace heddle::comm
