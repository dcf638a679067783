// Slices of messages between ranks that reach each other's memory. A rank has a mailbox for each of the others, in which two slices
// have room: one may be put in while the other is taken out.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "heddle/comm/device_messages.hpp"
#include "heddle/comm/peer_memory.hpp"
#include "peer_segment.hpp"

namespace heddle::comm {

/// A rank's inbox, and the pages by which it met the others. It stays until all have left, though the group be gone.
struct PeerPlace {
  PeerMemory::Exported inbox;
  PeerSegment segment;
};

/// All is enqueued on the lane. A call does its slices at once: it waits for all of them, moves them, and tells the others.
class PeerMailboxes {
 public:
  using Message = DeviceMessages::Message;
  /// Collective. `place` has an inbox of `bytes`.
  PeerMailboxes(PeerMemory& memory, std::shared_ptr<PeerPlace> place, std::int64_t bytes, int ranks,
                int rank);
  /// What is enqueued is done, here.
  ~PeerMailboxes();
  PeerMailboxes(const PeerMailboxes&) = delete;
  PeerMailboxes& operator=(const PeerMailboxes&) = delete;

  int ranks() const { return ranks_; }
  int rank() const { return rank_; }
  const lanes::Lane& lane() const { return lane_; }
  /// The bytes of the longest slice.
  std::int64_t slice() const { return slice_; }

  /// A slice for each of some ranks; those without numbers are left out here and there.
  void put(std::span<const Message> slices);
  /// The next slice from each of some ranks.
  void take(std::span<const Message> slices);
  /// `sum` = the next slices of all other ranks and this one's `term`, added up in the order of the ranks. May be in place.
  void take_sum(const Tensor& term, const Tensor& sum);

  /// From now on calls do nothing.
  void stop() { stopped_ = true; }
  /// Lets the lane pass all that it still waits for.
  void release();
  /// How many slices have been moved, here and there: who sees it grow knows that lanes move on.
  std::uint64_t moved() const;

 private:
  using Counter = PeerSegment::Counter;
  /// What this rank shares with one other.
  struct Peer {
    std::shared_ptr<void> inbox;       ///< that rank's
    std::uint32_t put = 0, taken = 0;  ///< slices for it, and from it, that are enqueued
  };
  PeerMemory::Count count(Counter counter, int from, int to, std::uint32_t value) const;
  /// Where in the inbox of `of` a slice from `from` lies.
  void* slot(void* inbox, int of, int from, std::uint32_t number) const;
  std::vector<Message> with_numbers(std::span<const Message> slices) const;
  void await_arrivals(std::span<const Message> slices);
  void tell_taken(std::span<const Message> slices);

  PeerMemory& memory_;
  std::shared_ptr<PeerPlace> place_;
  int ranks_, rank_;
  std::int64_t slice_;
  std::shared_ptr<void> counters_;  ///< as the lane reaches them
  lanes::Lane lane_;
  std::vector<Peer> peers_;
  bool stopped_ = false;
};

}  // namespace heddle::comm
