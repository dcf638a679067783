#include "heddle/plan/host_memory.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "heddle/base/checkpoint_slab.hpp"
#include "heddle/base/mebibytes.hpp"
#include "heddle/plan/message_memory.hpp"

namespace heddle::plan {
namespace {

/// Pages of the program, of Open MPI, HDF5, oneDNN and what they stand on, touched once (31 MiB), and their heap before the first step with
/// MPI's segments of shared memory (8): what /proc tells of `inputs/smoke.toml`, Debian 12, one to four ranks.
constexpr std::int64_t program_and_libraries = 39 * mebibyte;

/// oneDNN packs blocks of both factors of a product into buffers that it allocates anew each time, of 1 to 3.3 MiB (its blocks
/// have a largest size), whose sizes fit into each other's gaps in the heap badly. Heaps grew by 12 MiB in the first step at
/// width 512, by 22 at 1024, and by no more later.
std::int64_t product_buffers(const RankMemory& memory) {
  return std::min<std::int64_t>(22 * mebibyte, memory.bytes() / 25);
}

/// The largest parameter of a rank, of which HDF5 is handed a slab at a time.
std::int64_t largest_parameter(const Plan& plan, Rank rank) {
  std::int64_t largest = 0;
  for (const graph::Value& value : plan.program(plan.pipeline_rank(rank)).graph.values)
    if (value.role == graph::Role::parameter)
      largest = std::max(largest, value.shape.count() * size_of(value.dtype));
  return largest;
}

/// HDF5 holds two buffers of every chunk of a slab and one more on its way through the checksum; small objects, and gaps that these leave
/// in the heap, are a chunk more.
std::int64_t checkpoint_buffers(const Plan& plan, Rank rank) {
  return 2 * std::min(checkpoint_slab, largest_parameter(plan, rank)) + 2 * checkpoint_chunk;
}

}  // namespace

std::vector<MemoryPart> host_memory(const Plan& plan, Rank rank) {
  const RankMemory memory = plan.memory(rank);
  const MessageMemory messages = message_memory(plan, rank, all_by(Carrying::host));
  return {{"plan", memory.bytes()},
          {"messages", bytes_of(messages.landing)},
          {"message library", bytes_of(messages.library)},
          {"program and libraries", program_and_libraries},
          {"products", product_buffers(memory)},
          {"checkpoint", checkpoint_buffers(plan, rank)}};
}

std::int64_t bytes_of(const std::vector<MemoryPart>& parts) {
  std::int64_t bytes = 0;
  for (const MemoryPart& part : parts) bytes += part.bytes;
  return bytes;
}

std::string text(const std::vector<MemoryPart>& parts) {
  std::string text = fmt::format("{:.1f} in all", mebibytes(bytes_of(parts)));
  const char* sign = " =";
  for (const MemoryPart& part : parts)
    if (part.bytes > 0) {
      text += fmt::format("{} {} {:.1f}", sign, part.name, mebibytes(part.bytes));
      sign = " +";
    }
  return text;
}

}  // namespace heddle::plan
