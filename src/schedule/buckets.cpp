#include "heddle/schedule/buckets.hpp"

#include <algorithm>

namespace heddle::schedule {
namespace {

/// Of each value the nodes that write it in the microbatches: those that add to a gradient.
std::vector<std::vector<graph::NodeId>> all_writers(const graph::Graph& graph) {
  std::vector<std::vector<graph::NodeId>> writers(graph.values.size());
  for (graph::NodeId id = 0; id < static_cast<graph::NodeId>(graph.nodes.size()); ++id)
    if (!graph::once_a_step(graph.nodes[id].phase))
      for (const graph::ValueId out : graph.nodes[id].out) writers[out].push_back(id);
  return writers;
}

}  // namespace

std::vector<Bucket> buckets(const passes::Program& program, const MemoryPlan& memory, Bucketing bucketing) {
  const auto offset = [&](const passes::Reduction& one) { return memory.locations[one.sum].offset; };
  std::vector<passes::Reduction> reductions = passes::reductions(program);
  std::ranges::sort(reductions, {}, offset);
  const std::vector<std::vector<graph::NodeId>> writers_of = all_writers(program.graph);
  std::vector<Bucket> all;
  for (const passes::Reduction& reduction : reductions) {
    const std::vector<graph::NodeId>& writers = writers_of[reduction.sum];
    const bool begun_by_forward = std::ranges::any_of(
        writers, [&](graph::NodeId id) { return program.graph.nodes[id].phase == graph::Phase::loss; });
    const std::int64_t begin = offset(reduction), end = begin + memory.locations[reduction.sum].bytes;
    const bool joins = !all.empty() && all.back().axes == reduction.axes &&
                       all.back().begun_by_forward == begun_by_forward &&
                       end - all.back().begin <= bucketing.most_bytes;
    const DType dtype = program.graph[reduction.sum].dtype;
    if (!joins)
      all.push_back({.axes = reduction.axes,
                     .dtype = dtype,
                     .sent = bucketing.narrow ? DType::bf16 : dtype,
                     .begun_by_forward = begun_by_forward,
                     .begin = begin});
    all.back().end = end;
    all.back().writers.insert(all.back().writers.end(), writers.begin(), writers.end());
  }
  return all;
}

}  // namespace heddle::schedule
