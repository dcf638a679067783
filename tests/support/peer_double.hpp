// A device whose memory other processes reach, on late lanes of the host: what src/comm/cuda does by CUDA is done here by shared
// memory of POSIX.
#pragma once

#include <memory>
#include <vector>

#include "heddle/comm/peer_messages.hpp"

namespace heddle::tests {

class PeerMemoryDouble final : public comm::PeerMemory {
 public:
  /// Whether each group has a lane of its own, or all are in one queue: as on a device that has no more, where a call waits for those
  /// of other groups that this rank has made before.
  enum class Queues { many, one };
  PeerMemoryDouble(lanes::Lane lane, Queues queues) : lane_(std::move(lane)), queues_(queues) {}

  std::string name() const override { return "memory of the host"; }
  lanes::Lane lane() override;
  Exported make(std::int64_t bytes) override;
  std::shared_ptr<void> open(const Handle& handle) override;
  std::shared_ptr<void> attach(void* host, std::int64_t) override {
    return {host, [](void*) {}};
  }
  void await(const lanes::Lane& lane, std::span<const Count> counts) override;
  void write(const lanes::Lane& lane, std::span<const Count> counts) override;
  void sum(const lanes::Lane& lane, std::span<const void* const> terms, const Tensor& sum) override;

  /// Lets the groups' lanes come to what is enqueued, as a device does by itself.
  void move_on();

 private:
  lanes::Lane lane_;
  Queues queues_;
  std::vector<std::weak_ptr<lanes::Stream>> lanes_;
  std::shared_ptr<lanes::Stream> the_queue_;
};

/// Lanes move on while the host waits.
class PeerDouble final : public comm::PeerMessages {
 public:
  /// So small that tests' messages go in slices.
  static constexpr std::int64_t inbox = 16 << 10;
  explicit PeerDouble(std::shared_ptr<PeerMemoryDouble> memory, std::int64_t bytes = inbox)
      : PeerMessages(memory, bytes), device_(std::move(memory)) {}
  void look_after() override { device_->move_on(); }

 private:
  std::shared_ptr<PeerMemoryDouble> device_;
};

}  // namespace heddle::tests
