// Where the ranks' memory lies, and whether what a run takes is there: asked before the first byte of it is allocated.
#pragma once

#include <string>
#include <vector>

#include "heddle/comm/world.hpp"
#include "heddle/plan/plan.hpp"

namespace heddle::session {

/// Of each rank its host; where there are GPUs, its GPU and the host that has it: "NVIDIA H200 0000:1B:00.0 on n1". Several
/// ranks may share one. Collective, the same on every rank.
std::vector<std::string> memory_places(const comm::World& world);

/// "rank 0 on NVIDIA H200 0000:1B:00.0 on n1", "ranks 1, 2 on ...": a line each place, the first so many.
std::string text(const std::vector<std::string>& places);

/// What this rank's place has.
double bytes_of_my_place();

/// Throws Error(usage) if the ranks of the place where `rank` is take more than its `bytes` together; `source` is the deck.
void check_memory(const plan::Plan& plan, const std::string& source, const std::vector<std::string>& places,
                  int rank, double bytes = bytes_of_my_place());

/// What a GPU's memory holds at this moment beside the plan's bytes; empty where the host is the device.
std::string device_memory_text(std::int64_t planned);

/// The most bytes that this process has had resident, code and libraries included.
std::int64_t peak_resident_bytes();

}  // namespace heddle::session
