// Whether what a run takes is there: asked before the first byte of it is allocated.
#pragma once

#include "heddle/app/blueprint.hpp"
#include "heddle/comm/world.hpp"

namespace heddle::app {

/// Throws DeckError if the ranks of this host together take more memory than it has.
void check_host_memory(const Blueprint& blueprint, const deck::Deck& deck, const comm::World& world);

/// The most bytes that this process has had resident, code and libraries included.
std::int64_t peak_resident_bytes();

}  // namespace heddle::app
