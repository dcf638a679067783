#include "heddle/schedule/buckets.hpp"

#include <algorithm>

namespace heddle::schedule {
namespace {

/// The nodes that add to a gradient in the microbatches.
std::vector<graph::NodeId> writers_of(const passes::Program& program, graph::ValueId sum) {
  std::vector<graph::NodeId> writers;
  const auto& nodes = program.graph.nodes;
  for (graph::NodeId id = 0; id < static_cast<graph::NodeId>(nodes.size()); ++id)
    if (!graph::once_a_step(nodes[id].phase) && std::ranges::count(nodes[id].out, sum) > 0)
      writers.push_back(id);
  return writers;
}

}  // namespace

std::vector<Bucket> buckets(const passes::Program& program, const MemoryPlan& memory,
                            std::int64_t most_bytes) {
  const auto offset = [&](const passes::Reduction& one) { return memory.locations[one.sum].offset; };
  std::vector<passes::Reduction> reductions = passes::reductions(program);
  std::ranges::sort(reductions, {}, offset);
  std::vector<Bucket> all;
  for (const passes::Reduction& reduction : reductions) {
    const std::vector<graph::NodeId> writers = writers_of(program, reduction.sum);
    const bool begun_by_forward = std::ranges::any_of(
        writers, [&](graph::NodeId id) { return program.graph.nodes[id].phase == graph::Phase::loss; });
    const std::int64_t begin = offset(reduction), end = begin + memory.locations[reduction.sum].bytes;
    const bool joins = !all.empty() && all.back().axes == reduction.axes &&
                       all.back().begun_by_forward == begun_by_forward &&
                       end - all.back().begin <= most_bytes;
    if (!joins)
      all.push_back({.axes = reduction.axes,
                     .dtype = program.graph[reduction.sum].dtype,
                     .begun_by_forward = begun_by_forward,
                     .begin = begin});
    all.back().end = end;
    all.back().writers.insert(all.back().writers.end(), writers.begin(), writers.end());
  }
  return all;
}

}  // namespace heddle::schedule
