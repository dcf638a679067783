#include "workspaces.hpp"

namespace heddle::comm {

lanes::Memory Workspaces::take(std::int64_t bytes, const lanes::Lane& lane) {
  std::vector<lanes::Memory>& kept = kept_[{lane.stream(), bytes}];
  if (kept.empty()) return make_(bytes, lane);
  lanes::Memory memory = std::move(kept.back());
  kept.pop_back();
  return memory;
}

void Workspaces::keep(lanes::Memory memory, const lanes::Lane& lane) {
  kept_[{lane.stream(), memory.bytes()}].push_back(std::move(memory));
}

}  // namespace heddle::comm
