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

/// Bytes of what a rank writes to checkpoints, as it keeps them. Of the host they are copied where training goes on meanwhile (Options::copies_state), of a
/// device always.
std::int64_t state_copy(const Plan& plan, Rank rank);

/// By part, the plan first. Plan and copy are what is allocated; messages, their library and checkpoints are bounds that follow from the plan; the program and the buffers of
/// products are measured (host_memory.cpp tells how). tests/cli/memory.py holds them to /proc. Where a GPU holds the plan this is not asked.
std::vector<MemoryPart> host_memory(const Plan& plan, Rank rank);
std::int64_t bytes_of(const std::vector<MemoryPart>& parts);

/// "362.5 in all = plan 297.6 + messages 2.0 + ...", in MiB.
std::string text(const std::vector<MemoryPart>& parts);

}  // namespace heddle::plan
