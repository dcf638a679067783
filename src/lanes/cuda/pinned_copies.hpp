// Bytes of the host on their way to a GPU, copied to pinned memory first: a copy from other memory makes the host wait for
// all that the stream has yet to do.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "event.hpp"

namespace heddle::lanes::cuda {

class PinnedCopies {
 public:
  /// The host waits for what is longer, which is not of a training step, rather than pin so much.
  static constexpr std::int64_t longest = std::int64_t{8} << 20;

  /// A copy of so many bytes, at most `longest`. It stays until what is enqueued on the stream before the next call is done.
  const void* make(const void* host, std::int64_t bytes, cudaStream_t stream);
  void clear() { rooms_.clear(); }

 private:
  struct Room {
    std::shared_ptr<void> memory;
    std::int64_t bytes;
    std::shared_ptr<const Event> free = nullptr;  ///< null: the copy was handed out last
  };
  Room& find(std::int64_t bytes);

  std::vector<Room> rooms_;
};

}  // namespace heddle::lanes::cuda
