// Memory of a device that processes of one host reach in each other: what messages through it (peer_messages.hpp) need of a device.
// CUDA's is in src/comm/cuda; that of the tests is memory of the host (tests/support/peer_double.hpp).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "heddle/base/tensor.hpp"
#include "heddle/lanes/lane.hpp"

namespace heddle::comm {

/// Calls throw Error where the device refuses. What is told a lane of `lane()` is enqueued there; the host goes on.
class PeerMemory {
 public:
  /// By which another process finds exported memory.
  using Handle = std::array<std::byte, 64>;
  struct Exported {
    std::shared_ptr<void> memory;
    Handle handle;
  };
  /// A number in memory that `attach` returned, and what is written there or waited for. It only grows, and begins anew behind
  /// its largest value.
  struct Count {
    std::uint32_t* at;
    std::uint32_t value;
  };
  /// A sum has no more terms.
  static constexpr int most_ranks = 64;

  virtual ~PeerMemory() = default;
  /// For a report: "CUDA IPC".
  virtual std::string name() const = 0;
  /// A new one, of the device that computes.
  virtual lanes::Lane lane() = 0;
  /// Memory of the device, aligned to 256. It must stay until all that have opened it have let go.
  virtual Exported make(std::int64_t bytes) = 0;
  /// That of another process.
  virtual std::shared_ptr<void> open(const Handle& handle) = 0;
  /// Whole pages of the host, which processes share, as lanes reach them, until it is let go.
  virtual std::shared_ptr<void> attach(void* host, std::int64_t bytes) = 0;
  /// Work that is enqueued later begins once every number is at least that large. No kernel turns in a circle meanwhile: processes
  /// may take turns on the device.
  virtual void await(const lanes::Lane& lane, std::span<const Count> counts) = 0;
  /// Once all that was enqueued before is done and others see it.
  virtual void write(const lanes::Lane& lane, std::span<const Count> counts) = 0;
  /// sum = terms[0] + terms[1] + ..., in this order, each of as many numbers of fp64, fp32 or int32 as the sum has. It may be one
  /// of the terms.
  virtual void sum(const lanes::Lane& lane, std::span<const void* const> terms, const Tensor& sum) = 0;
};

}  // namespace heddle::comm
