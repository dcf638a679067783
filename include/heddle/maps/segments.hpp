// The segments that a rank sends and receives in a map which exchanges blocks, and the memory that it wants beside the two
// tensors: known without any message, so that it can be planned.
#pragma once

#include <vector>

#include "heddle/base/tensor.hpp"
#include "heddle/maps/box.hpp"
#include "heddle/maps/map.hpp"

namespace heddle::maps {

/// One rank's share of a data movement, in the coordinates of the global tensor. Pieces between the same two ranks stand in
/// the same order on both. A received segment whose peer is this rank comes from its own source tensor; sent ones of that
/// kind are ignored.
struct Segments {
  struct Part {
    int peer;
    Box box;
  };
  Box source, target;
  std::vector<Part> sent, received;
};

/// Of rank `me` of `ranks` in one of all_gather, gather, reduce_scatter, scatter, all_to_all, log_sum_reduce.
Segments segments(const Map& map, const Shape& global, int ranks, int me);
/// The shape of the tensor of which a rank has `in` before and `out` after.
Shape global_shape(const Map& map, const Shape& in, const Shape& out);

/// Numbers in a row of a row-major tensor that covers `holder`.
bool contiguous(const Box& holder, const Box& box);

/// Numbers that a rank keeps apart to carry out its share.
struct Buffers {
  std::int64_t arriving = 0;  ///< from other ranks, if they do not go where they belong at once
  std::int64_t packed = 0;    ///< that are sent and no numbers in a row, if messages have to be
  bool adds = false;          ///< segments overlap, so that they are added up from where they arrive
  bool lies = true;           ///< those from other ranks are numbers in a row of the target
  bool sends = false;         ///< anything to another rank
};
Buffers buffers(const Segments& segments, int me);

/// Where the next thing may lie behind so many bytes: at a cache line.
constexpr std::int64_t behind(std::int64_t bytes) {
  constexpr std::int64_t line = 64;
  return (bytes + line - 1) / line * line;
}

}  // namespace heddle::maps
