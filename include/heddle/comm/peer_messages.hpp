// Messages between ranks that reach each other's memory on a device: several ranks on one GPU, say, which NCCL refuses.
#pragma once

#include <memory>

#include "heddle/comm/device_messages.hpp"
#include "heddle/comm/peer_memory.hpp"

namespace heddle::comm {

/// All ranks of a group are processes of one host. Everything but `join` and the end of a group is enqueued. See
/// docs/design/0024-messages-through-peers-memory.md.
class PeerMessages : public DeviceMessages {
 public:
  /// A rank has an inbox of so many bytes in every group. Longer messages go through it in slices.
  static constexpr std::int64_t inbox_bytes = std::int64_t{32} << 20;
  explicit PeerMessages(std::shared_ptr<PeerMemory> memory, std::int64_t bytes = inbox_bytes);
  ~PeerMessages() override;

  std::string name() const override { return memory_->name(); }
  Id new_id() override;
  std::unique_ptr<Group> join(const Id& id, int ranks, int rank) override;
  /// Nothing fails by itself; faults of a device are told by its lanes.
  void look_after() override;
  /// What other ranks do their part of comes to its end first.
  void give_up() noexcept override;

  struct All;

 private:
  std::shared_ptr<PeerMemory> memory_;
  std::int64_t bytes_;
  std::shared_ptr<All> all_;
};

}  // namespace heddle::comm
