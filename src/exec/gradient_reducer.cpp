#include "heddle/exec/gradient_reducer.hpp"

#include <algorithm>

namespace heddle::exec {

using graph::ValueId;
using schedule::FixedPool;

GradientReducer::GradientReducer(const ProgramRunner& runner, const comm::CartesianGrid& grid,
                                 int microbatches, std::int64_t bucket_bytes)
    : runner_(runner), grid_(grid), microbatches_(microbatches) {
  const passes::Program& program = runner.program();
  buckets_of_.resize(program.graph.nodes.size());
  carried_out_.resize(program.graph.nodes.size());

  std::vector<passes::Reduction> reductions = passes::reductions(program);
  for (const passes::Reduction& reduction : reductions) carried_out_[reduction.node] = true;
  const auto& places = runner.arena().plan().places;
  std::sort(reductions.begin(), reductions.end(),
            [&](const passes::Reduction& a, const passes::Reduction& b) {
              return places[a.sum].offset < places[b.sum].offset;
            });
  for (const passes::Reduction& reduction : reductions) add(reduction.sum, reduction.axes, bucket_bytes);
}

void GradientReducer::add(ValueId sum, maps::AxisSet axes, std::int64_t bucket_bytes) {
  const schedule::Place& place = runner_.arena().plan().places[sum];
  const auto& nodes = runner_.program().graph.nodes;
  const auto adds = [&](std::size_t node) { return std::ranges::count(nodes[node].out, sum) > 0; };
  bool begun_by_forward = false;
  for (std::size_t i = 0; i < nodes.size(); ++i)
    begun_by_forward |= runner_.program().graph.nodes[i].phase == passes::Phase::loss && adds(i);
  const bool joins = !buckets_.empty() && buckets_.back().axes == axes &&
                     buckets_.back().begun_by_forward == begun_by_forward &&
                     place.offset + place.bytes - buckets_.back().begin <= bucket_bytes;
  if (!joins)
    buckets_.push_back({.axes = axes,
                        .begun_by_forward = begun_by_forward,
                        .begin = place.offset,
                        .dtype = runner_.program().graph[sum].dtype});
  buckets_.back().end = place.offset + place.bytes;
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (runner_.program().graph.nodes[i].phase != passes::Phase::epilogue && adds(i)) {
      buckets_of_[i].push_back(static_cast<int>(buckets_.size()) - 1);
      buckets_.back().writes += microbatches_ * runner_.runs(static_cast<int>(i));
    }
}

void GradientReducer::begin_step() {
  for (Bucket& bucket : buckets_) bucket.waiting = bucket.writes;
}

void GradientReducer::node_done(int node) {
  for (int index : buckets_of_[node]) {
    Bucket& bucket = buckets_[index];
    if (--bucket.waiting > 0) continue;
    runner_.fence();
    const Tensor gradients = tensor(bucket);
    bucket.request = start_all_reduce(grid_.along(bucket.axes), comm::Reduction::sum, gradients, gradients);
  }
  test();
}

bool GradientReducer::test() {
  bool all = true;
  for (Bucket& bucket : buckets_)
    all = bucket.waiting == 0 && (bucket.request.done() || bucket.request.test()) && all;
  return all;
}

std::vector<GradientReducer::Message> GradientReducer::messages() const {
  std::vector<Message> all;
  for (const Bucket& bucket : buckets_) all.push_back({bucket.axes, tensor(bucket)});
  return all;
}

Tensor GradientReducer::tensor(const Bucket& bucket) const {
  const Tensor pool = runner_.arena().whole(FixedPool::gradients, bucket.dtype);
  return {static_cast<std::byte*>(pool.data) + bucket.begin,
          bucket.dtype,
          {(bucket.end - bucket.begin) / size_of(bucket.dtype)}};
}

}  // namespace heddle::exec
