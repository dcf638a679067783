#include "heddle/lanes/memory.hpp"

#include <map>
#include <mutex>

#include "allocate.hpp"

namespace heddle::lanes {
namespace {

/// Every Memory of the process by the address behind its last byte. Work on other threads may be the last to
/// let go of one.
class Register {
 public:
  void add(const std::shared_ptr<void>& data, std::int64_t bytes) {
    const std::lock_guard hold(mutex_);
    owners_[end_of(data.get(), bytes)] = {static_cast<const std::byte*>(data.get()), data};
  }
  void remove(const void* data, std::int64_t bytes) {
    const std::lock_guard hold(mutex_);
    owners_.erase(end_of(data, bytes));
  }
  std::shared_ptr<void> find(const void* data) {
    const std::lock_guard hold(mutex_);
    const auto found = owners_.upper_bound(static_cast<const std::byte*>(data));
    if (found == owners_.end() || data < found->second.begin) return nullptr;
    return found->second.owner.lock();
  }

 private:
  struct Entry {
    const std::byte* begin;
    std::weak_ptr<void> owner;
  };
  static const std::byte* end_of(const void* data, std::int64_t bytes) {
    return static_cast<const std::byte*>(data) + bytes;
  }
  std::mutex mutex_;
  std::map<const std::byte*, Entry> owners_;
};

/// It outlives all memory, that of static objects too.
Register& all_memory() {
  static auto* const all = new Register;
  return *all;
}

std::shared_ptr<void> allocate(std::int64_t bytes, const Lane& lane) {
  HEDDLE_EXPECT(bytes >= 0);
  if (bytes == 0) return nullptr;
  return lane.stream() ? lane.stream()->allocate(bytes) : host::allocate(bytes);
}

}  // namespace

Memory::Memory(std::int64_t bytes, const Lane& lane) : Memory(allocate(bytes, lane), bytes) {}

Memory Memory::beside(std::int64_t bytes, const Lane& lane) {
  if (!lane.stream() || bytes == 0) return Memory(bytes);
  return {lane.stream()->allocate_on_host(bytes), bytes};
}

Memory::Memory(std::shared_ptr<void> owned, std::int64_t bytes) : bytes_(bytes) {
  void* const data = owned.get();
  if (!data) return;
  HEDDLE_EXPECT(reinterpret_cast<std::uintptr_t>(data) % 64 == 0);
  data_ = std::shared_ptr<void>(data, [owned = std::move(owned), bytes](void* gone) mutable {
    all_memory().remove(gone, bytes);
    owned.reset();
  });
  all_memory().add(data_, bytes);
}

void Memory::zero(const Lane& lane) const { lane.fill(data_.get(), bytes_, 0); }

std::shared_ptr<void> owner_of(const void* data) { return all_memory().find(data); }

}  // namespace heddle::lanes
