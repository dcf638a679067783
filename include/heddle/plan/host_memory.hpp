// What a rank takes of its host in all, when the host is the device: the plan, and what stands around it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "heddle/plan/plan.hpp"

namespace heddle::plan {

struct MemoryPart {
  std::string name;
  std::int64_t bytes;
};

/// Of what a rank writes to checkpoints, on the host: all of it, or, where training waits for them, what it keeps narrower than it writes it.
std::int64_t checkpoint_copy(const Plan& plan, Rank rank);

/// By part, the plan first. Plan and copy are what is allocated; messages, their library and checkpoints are bounds that follow from the plan; the program and the buffers of
/// products are measured (host_memory.cpp tells how). tests/cli/memory.py holds them to /proc. Where a GPU holds the plan this is not asked.
std::vector<MemoryPart> host_memory(const Plan& plan, Rank rank);
std::int64_t bytes_of(const std::vector<MemoryPart>& parts);

/// "362.5 in all = plan 297.6 + messages 2.0 + ...", in MiB.
std::string text(const std::vector<MemoryPart>& parts);

}  // namespace heddle::plan
