// The calls of a group whose ranks reach each other's memory, made of slices that are put and taken.
#pragma once

#include <list>
#include <set>

#include "heddle/comm/peer_messages.hpp"
#include "peer_mailboxes.hpp"

namespace heddle::comm {

class PeerGroup;

/// What the groups of a process share.
struct PeerMessages::All {
  std::set<PeerGroup*> groups;
  std::list<std::shared_ptr<PeerPlace>> places;

  /// Frees what all ranks have left.
  void sweep();
};

/// Slices are put and taken in turns, in the same order by all ranks: turn 2 s puts, turn 2 s + 1 takes the slices of number s. A put
/// waits for what other ranks take in earlier turns of theirs, a take for what they put in the turn before. So nobody waits in
/// a circle, whatever the messages are, and a call is to other groups as one event of its ranks.
class PeerGroup final : public DeviceMessages::Group {
 public:
  using Message = DeviceMessages::Message;
  /// Collective. One of `all` as long as it lives.
  PeerGroup(std::shared_ptr<PeerMessages::All> all, std::shared_ptr<PeerMemory> memory,
            std::shared_ptr<PeerPlace> place, std::int64_t bytes, int ranks, int rank);
  ~PeerGroup() override;
  PeerGroup(const PeerGroup&) = delete;
  PeerGroup& operator=(const PeerGroup&) = delete;

  const lanes::Lane& lane() const override { return boxes_.lane(); }
  void all_reduce(const Tensor& in, const Tensor& out) override;
  void reduce(const Tensor& tensor, int root) override;
  void broadcast(const Tensor& tensor, int root) override;
  void exchange(std::span<const Message> sends, std::span<const Message> receives) override;

  PeerMailboxes& boxes() { return boxes_; }

 private:
  /// `f(part)` of each piece of so many slices.
  template <class F>
  void in_pieces(const Tensor& tensor, int slices, const F& f) const;
  /// A message for each of the other ranks.
  template <class TensorOf>
  std::vector<Message> to_others(const TensorOf& tensor_of) const;
  /// The slices of each rank's messages, one behind the other.
  std::vector<std::vector<Tensor>> slices_of(std::span<const Message> messages) const;

  std::shared_ptr<PeerMessages::All> all_;
  std::shared_ptr<PeerMemory> memory_;
  PeerMailboxes boxes_;
};

}  // namespace heddle::comm
