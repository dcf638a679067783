// Bytes as people read them.
#pragma once

#include <cstdint>

namespace heddle {

constexpr std::int64_t mebibyte = std::int64_t{1} << 20;
inline double mebibytes(std::int64_t bytes) { return static_cast<double>(bytes) / mebibyte; }

}  // namespace heddle
