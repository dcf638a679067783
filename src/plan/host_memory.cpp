#include "heddle/plan/host_memory.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "heddle/base/checkpoint_chunk.hpp"
#include "heddle/base/mebibytes.hpp"
#include "heddle/maps/local.hpp"
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

/// What HDF5 holds of the places of datasets, rank 0's copy of who writes what, a thread's stack; and a piece of what is made wider as it is
/// written.
constexpr std::int64_t checkpoint_buffers = 2 * checkpoint_chunk;

}  // namespace

std::int64_t state_copy(const Plan& plan, Rank rank) {
  const PipelineRank pipeline_rank = plan.pipeline_rank(rank);
  const passes::Program& program = plan.program(pipeline_rank);
  const std::vector<std::string> held = held_before(plan, pipeline_rank);
  std::int64_t bytes = 0;
  for (const passes::Trained& trained : program.trained) {
    const graph::Value& parameter = program.graph[trained.parameter];
    if (!maps::owns(parameter.layout, plan.grid(), rank) || std::ranges::count(held, parameter.name))
      continue;
    const std::int64_t count = maps::local_box(parameter.shape, parameter.layout, plan.grid(), rank).count();
    for (const graph::ValueId kept :
         {trained.parameter, trained.moments.first, trained.moments.second, trained.remainder})
      if (kept >= 0) bytes += count * size_of(program.graph[kept].dtype);
  }
  return bytes;
}

std::vector<MemoryPart> host_memory(const Plan& plan, Rank rank) {
  const RankMemory memory = plan.memory(rank);
  const MessageMemory messages = message_memory(plan, rank, all_by(Carrying::host));
  return {{"plan", memory.bytes()},
          {"messages", bytes_of(messages.landing)},
          {"message library", bytes_of(messages.library)},
          {"program and libraries", program_and_libraries},
          {"products", product_buffers(memory)},
          {"checkpoint", checkpoint_buffers},
          {"its copy", plan.options.copies_state ? state_copy(plan, rank) : 0}};
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
