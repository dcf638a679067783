#include "heddle/exec/gradient_reducer.hpp"

#include <utility>

namespace heddle::exec {

using schedule::Bucket;
using schedule::FixedPool;

GradientReducer::GradientReducer(const ProgramRunner& runner, const comm::CartesianGrid& grid,
                                 std::vector<Bucket> buckets, int microbatches)
    : runner_(runner), grid_(grid), buckets_(std::move(buckets)), states_(buckets_.size()) {
  const passes::Program& program = runner.program();
  buckets_of_.resize(program.graph.nodes.size());
  carried_out_.resize(program.graph.nodes.size());
  for (const passes::Reduction& reduction : passes::reductions(program)) carried_out_[reduction.node] = true;
  for (std::size_t i = 0; i < buckets_.size(); ++i)
    for (const graph::NodeId node : buckets_[i].writers) {
      buckets_of_[node].push_back(static_cast<int>(i));
      states_[i].writes += microbatches * runner.runs(node);
    }
}

void GradientReducer::begin_step() {
  for (State& state : states_) state.waiting = state.writes;
  complete_.clear();
}

bool GradientReducer::count(int node) {
  for (const int bucket : buckets_of_[node])
    if (--states_[bucket].waiting == 0) complete_.push_back(bucket);
  return !complete_.empty();
}

void GradientReducer::go_on() {
  for (const int index : std::exchange(complete_, {})) {
    const Bucket& bucket = buckets_[index];
    states_[index].request = start_sum(grid_.along(bucket.axes), tensor(bucket), bucket.sent, runner_.lane());
  }
  for (State& state : states_)
    if (!state.request.on_device()) state.request.test();  // moves it on
}

bool GradientReducer::settled() {
  bool all = true;
  for (State& state : states_) all = state.waiting == 0 && state.request.settled() && all;
  return all;
}

void GradientReducer::wait() {
  for (State& state : states_) comm::wait(state.request, {"sum of gradients"});
}

std::vector<GradientReducer::Message> GradientReducer::messages() const {
  std::vector<Message> all;
  for (const Bucket& bucket : buckets_) all.push_back({bucket.axes, tensor(bucket), bucket.sent});
  return all;
}

Tensor GradientReducer::tensor(const Bucket& bucket) const {
  const Tensor pool = runner_.arena().whole(FixedPool::gradients, bucket.dtype);
  return {static_cast<std::byte*>(pool.data) + bucket.begin,
          bucket.dtype,
          {(bucket.end - bucket.begin) / size_of(bucket.dtype)}};
}

}  // namespace heddle::exec
