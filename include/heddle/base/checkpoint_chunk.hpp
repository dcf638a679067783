// How much of a checkpoint goes through memory at once, by whoever writes or reads it.
#pragma once

#include <cstdint>

namespace heddle {

/// The unit of a checksum, and what a reader of a small part has to read.
inline constexpr std::int64_t checkpoint_chunk = std::int64_t{4} << 20;

}  // namespace heddle
