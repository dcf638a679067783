// Packs buffers with known lifetimes into one stretch of memory.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace heddle::schedule {

/// A buffer that is in use from moment `begin` to moment `end`, both included.
struct Lifetime {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::int64_t bytes = 0;
};

struct Packing {
  std::vector<std::int64_t> offsets;  ///< bytes; in the order of the lifetimes
  std::int64_t total = 0;             ///< bytes of the whole
};

/// Largest buffer first (of equal ones the earliest), each into the tightest gap between the buffers alive
/// with it that takes it, else above them. Every offset is a multiple of `alignment`; no two buffers alive at
/// the same moment share a byte. Deterministic; the time is quadratic in the number of buffers.
Packing pack(std::span<const Lifetime> lifetimes, std::int64_t alignment);

}  // namespace heddle::schedule
