// Asks the system for large pages: fewer page faults at the start, fewer misses of the address cache in every kernel.
#pragma once

#include <cstdint>

namespace heddle::kernels {

/// Wishes 2 MiB pages for what of the block fills them, before it is first written. Costs no byte; does nothing where the
/// system has no such wish.
void wish_huge_pages(void* data, std::int64_t bytes);

}  // namespace heddle::kernels
