// Whether what a run takes is there: asked before the first byte of it is allocated.
#pragma once

#include <string>
#include "heddle/comm/world.hpp"
#include "heddle/plan/plan.hpp"

namespace heddle::session {

/// Throws Error(usage) if the ranks of this host together take more memory than it has; `source` is the deck.
void check_host_memory(const plan::Plan& plan, const std::string& source, const comm::World& world);

/// The most bytes that this process has had resident, code and libraries included.
std::int64_t peak_resident_bytes();

}  // namespace heddle::session
