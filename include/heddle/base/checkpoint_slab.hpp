// How much of a checkpoint is written at once, which is what its buffers take.
#pragma once

#include <cstdint>

namespace heddle {

/// The unit of a checksum, and what a reader of a small part has to read.
inline constexpr std::int64_t checkpoint_chunk = std::int64_t{4} << 20;
/// Handed to HDF5 in one call, which holds two buffers of every chunk of it until the last is written.
inline constexpr std::int64_t checkpoint_slab = 2 * checkpoint_chunk;

}  // namespace heddle
