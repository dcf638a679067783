// What run.h5 tells of a leg before its first step.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "heddle/comm/world.hpp"
#include "heddle/deck/deck.hpp"
#include "heddle/io/run_file.hpp"
#include "heddle/session/memory_places.hpp"
#include "heddle/session/trainer.hpp"

namespace heddle::session {

/// All but who the run is, from where it goes on, and which tokens it learns from.
io::RunHeader run_header(const deck::Deck& deck, const Trainer& trainer,
                         const std::vector<std::string>& hosts);

/// Of every rank's GPU, on rank 0: what it held, if this rank has one.
std::vector<io::MemoryRegion> regions(const std::optional<DeviceUse>& use, const comm::World& world);

}  // namespace heddle::session
