// Memory that is used again and again, by its size.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "heddle/comm/message_memory.hpp"
#include "heddle/lanes/memory.hpp"

namespace heddle::comm {

class Workspaces {
 public:
  using Make = lanes::Memory (*)(std::int64_t bytes, const lanes::Lane& lane);
  /// Counts what it makes in `made`.
  Workspaces(Make how, MessageMemory::Made& made) : make_(how), made_(made) {}

  /// Sees to it that there are so many of a size at least.
  void provide(std::int64_t bytes, int count, const lanes::Lane& lane);
  /// One that was kept, or a new one.
  lanes::Memory take(std::int64_t bytes, const lanes::Lane& lane);
  /// It is free once the lane has come to here, and a request waits for that before it writes there.
  void keep(lanes::Memory memory, const lanes::Lane& lane);

 private:
  struct OfASize {
    int made = 0, in_use = 0, most_in_use = 0;
    std::vector<lanes::Memory> kept;
  };
  lanes::Memory make(OfASize& all, std::int64_t bytes, const lanes::Lane& lane);

  Make make_;
  MessageMemory::Made& made_;
  std::map<std::pair<lanes::Stream*, std::int64_t>, OfASize> sizes_;
};

}  // namespace heddle::comm
