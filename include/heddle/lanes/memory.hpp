// Memory that a lane's work reaches. It is shared: whoever still reads or writes it, a message under way
// say, keeps it.
#pragma once

#include <cstdint>
#include <memory>

#include "heddle/lanes/lane.hpp"

namespace heddle::lanes {

/// Aligned to 64. Copies are the same memory.
class Memory {
 public:
  Memory() = default;
  /// Throws Error where there are no bytes left.
  explicit Memory(std::int64_t bytes, const Lane& lane = {});
  /// Of the host, but where the lane's copies reach it best.
  static Memory beside(std::int64_t bytes, const Lane& lane);

  void* data() const { return data_.get(); }
  std::int64_t bytes() const { return bytes_; }
  void zero(const Lane& lane = {}) const;

 private:
  Memory(std::shared_ptr<void> owned, std::int64_t bytes);

  std::shared_ptr<void> data_;
  std::int64_t bytes_ = 0;
};

/// Whoever shares this keeps the Memory in which `data` lies; null where that is nobody's Memory. Tensors are
/// plain views, so what reads one later asks here.
std::shared_ptr<void> owner_of(const void* data);

}  // namespace heddle::lanes
