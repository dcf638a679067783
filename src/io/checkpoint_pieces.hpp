// How the numbers of a checkpoint are cut: into pieces that each have a checksum.
#pragma once

#include <cstdint>
#include <vector>

#include "heddle/maps/box.hpp"

namespace heddle::io {

/// `box` in boxes of at most checkpoint_chunk bytes, or of one element. In their order they are one run after the other of a row-major
/// tensor that covers `box`.
std::vector<maps::Box> pieces_of(const maps::Box& box, std::int64_t element_bytes);

}  // namespace heddle::io
