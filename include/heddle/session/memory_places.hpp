// Where the ranks' memory lies, and whether what a run takes is there: asked before the first byte of it is allocated.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "heddle/comm/world.hpp"
#include "heddle/lanes/device.hpp"
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

/// What was taken of a GPU's memory before a session set up anything: contexts, the rooms of kernels. And now.
struct DeviceUse {
  std::int64_t at_start = 0, set_up = 0, all = 0;
};
/// Nothing where the host is the device.
std::optional<DeviceUse> device_use(const std::optional<lanes::DeviceMemory>& at_start);
/// Beside the bytes of the plan and of messages; empty where there is no device.
std::string text(const std::optional<DeviceUse>& use, std::int64_t planned, std::int64_t messages);

/// The most bytes that this process has had resident, code and libraries included.
std::int64_t peak_resident_bytes();

}  // namespace heddle::session
