// Bytes as people read them.
#pragma once

#include <cstdint>

namespace heddle {

inline double mebibytes(std::int64_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

}  // namespace heddle
