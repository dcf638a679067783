// The memory that one message, or one call over ranks, uses while it is under way.
#pragma once

#include <vector>

#include "heddle/base/tensor.hpp"
#include "heddle/maps/map.hpp"
#include "heddle/plan/message_memory.hpp"

namespace heddle::plan {

/// A tensor as messages see it.
struct Part {
  DType dtype;
  Shape shape;
  std::int64_t bytes() const { return shape.count() * size_of(dtype); }
};

/// The rooms that one message, or one call, uses.
struct Needs {
  std::vector<std::int64_t> landing, staged, library;

  void land(std::int64_t bytes) {
    if (bytes > 0) landing.push_back(bytes);
  }
  void stage(std::int64_t bytes) {
    if (bytes > 0) staged.push_back(bytes);
  }
  void add(const Needs& more) {
    landing.insert(landing.end(), more.landing.begin(), more.landing.end());
    staged.insert(staged.end(), more.staged.begin(), more.staged.end());
    library.insert(library.end(), more.library.begin(), more.library.end());
  }
};

/// Of a group of ranks in which this one has its place.
struct Group {
  maps::AxisSet axes;
  int size, me;
  Carrying by;
};

/// Of a map's tensors on this rank; `in_place`: they are one.
Needs needs_of(const maps::Map& map, const Group& group, const Part& in, const Part& out, bool in_place);
/// Of a bucket of gradients, of which numbers of type `sent` travel.
Needs needs_of_sum(const Group& group, const Part& sums, DType sent);

}  // namespace heddle::plan
