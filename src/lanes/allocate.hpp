// Memory of the host, as kernels want it.
#pragma once

#include <cstdint>
#include <memory>

namespace heddle::lanes::host {

/// Aligned to 64, on 2 MiB pages where the system has them: fewer page faults at the start, fewer misses of
/// the address cache in every kernel. Throws Error where no memory is left.
std::shared_ptr<void> allocate(std::int64_t bytes);

}  // namespace heddle::lanes::host
