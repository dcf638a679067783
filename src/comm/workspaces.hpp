// Memory that is used again and again, by its size.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "heddle/lanes/memory.hpp"

namespace heddle::comm {

class Workspaces {
 public:
  using Make = lanes::Memory (*)(std::int64_t bytes, const lanes::Lane& lane);
  explicit Workspaces(Make make) : make_(make) {}

  /// One that was kept, or a new one.
  lanes::Memory take(std::int64_t bytes, const lanes::Lane& lane);
  /// It is free once the lane has come to here, and a request waits for that before it writes there.
  void keep(lanes::Memory memory, const lanes::Lane& lane);

 private:
  Make make_;
  std::map<std::pair<lanes::Stream*, std::int64_t>, std::vector<lanes::Memory>> kept_;  // by their bytes
};

}  // namespace heddle::comm
