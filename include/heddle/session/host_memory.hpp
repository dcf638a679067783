// Whether what a run takes is there: asked before the first byte of it is allocated.
#pragma once

#include "heddle/comm/world.hpp"
#include "heddle/plan/plan.hpp"

namespace heddle::session {

/// Throws DeckError if the ranks of this host together take more memory than it has.
void check_host_memory(const plan::Plan& plan, const deck::Deck& deck, const comm::World& world);

/// The most bytes that this process has had resident, code and libraries included.
std::int64_t peak_resident_bytes();

}  // namespace heddle::session
