#include "emulator/memory/heap.hpp"

#include <iterator>

namespace heddle::emulator {

Allocation Heap::take(std::uint64_t bytes, int file) {
  Allocation made{next_, bytes, whole_pages(bytes) + page, file};
  if (const auto fit = gone_.lower_bound(made.room); fit != gone_.end() && fit->first < 2 * made.room) {
    made.room = fit->first;
    made.begin = fit->second;
    gone_.erase(fit);
  } else {
    next_ += made.room;
  }
  return taken_[made.begin] = made;
}

void Heap::give_back(const Allocation& allocation) {
  gone_.emplace(allocation.room, allocation.begin);
  taken_.erase(allocation.begin);
}

const Allocation* Heap::find(std::uint64_t begin) const {
  const auto found = taken_.find(begin);
  return found == taken_.end() ? nullptr : &found->second;
}

const Allocation* Heap::before(std::uint64_t address) const {
  const auto after = taken_.upper_bound(address);
  return after == taken_.begin() ? nullptr : &std::prev(after)->second;
}

}  // namespace heddle::emulator
