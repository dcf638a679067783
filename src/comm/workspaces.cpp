#include "workspaces.hpp"

namespace heddle::comm {

lanes::Memory Workspaces::make(OfASize& all, std::int64_t bytes, const lanes::Lane& lane) {
  ++all.made;
  if (bytes > 0) made_.bytes += bytes, ++made_.count;
  return make_(bytes, lane);
}

void Workspaces::provide(std::int64_t bytes, int count, const lanes::Lane& lane) {
  OfASize& all = sizes_[{lane.stream(), bytes}];
  while (all.made < count) all.kept.push_back(make(all, bytes, lane));
}

lanes::Memory Workspaces::take(std::int64_t bytes, const lanes::Lane& lane) {
  OfASize& all = sizes_[{lane.stream(), bytes}];
  if (++all.in_use > all.most_in_use) {
    all.most_in_use = all.in_use;
    made_.used += bytes;
  }
  if (all.kept.empty()) return make(all, bytes, lane);
  lanes::Memory memory = std::move(all.kept.back());
  all.kept.pop_back();
  return memory;
}

void Workspaces::keep(lanes::Memory memory, const lanes::Lane& lane) {
  OfASize& all = sizes_[{lane.stream(), memory.bytes()}];
  --all.in_use;
  all.kept.push_back(std::move(memory));
}

}  // namespace heddle::comm
