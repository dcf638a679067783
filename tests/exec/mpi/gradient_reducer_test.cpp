// A bucket is summed once, with the last write to any of its gradients, and buckets cover every gradient
// that ranks share.
#include "heddle/exec/gradient_reducer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "heddle/passes/loss_tail.hpp"
#include "heddle/passes/parallelize.hpp"
#include "heddle/schedule/communication.hpp"
#include "heddle/schedule/one_f_one_b.hpp"
#include "support/axis_sets.hpp"
#include "support/lane.hpp"
#include "support/models.hpp"
#include "support/mpi_world.hpp"

namespace heddle::tests {
namespace {

constexpr int microbatches = 2;
const graph::Extents extents = graph::Extents::microbatch(4, 16);

/// A small GPT, its batch split over all ranks, with a number of its rank's in every gradient.
struct Setting {
  explicit Setting(std::int64_t bucket_bytes)
      : grid(world(), maps::Grid({world().size(), 1, 1}), axis_sets()) {
    const graph::Graph model = passes::parallelize(model::build(small_model(), model::Head::loss, DType::f64),
                                                   grid.shape(), passes::ResidualStream::whole);
    program =
        passes::differentiate(passes::partition(model, passes::balanced_cuts(model, 1, extents)).front());
    const auto schedule =
        schedule::finish_step(schedule::add_communication(schedule::one_f_one_b(1, microbatches)));
    arena.emplace(schedule::plan_memory({.program = program,
                                         .grid = grid.shape(),
                                         .rank = grid.rank(),
                                         .extents = extents,
                                         .row = schedule.rows[PipelineRank(0)],
                                         .microbatches = microbatches}),
                  exec::Packing::arena, lane());
    runner.emplace(program, grid, *arena, extents,
                   passes::loss_chunks(program, grid.shape(), grid.rank(), extents), lane());
    reducer.emplace(*runner, grid, schedule::buckets(program, arena->plan(), {.most_bytes = bucket_bytes}),
                    microbatches);
    reducer->begin_step();
    const std::vector<double> mine(static_cast<std::size_t>(gradients().count()), 1.0 + world().rank());
    lane().copy_from_host(std::as_bytes(std::span(mine)), gradients());
  }
  ~Setting() { complete(); }

  Tensor gradients() const { return arena->whole(schedule::FixedPool::gradients, DType::f64); }
  std::vector<double> values(const Tensor& tensor) const {
    std::vector<double> all(static_cast<std::size_t>(tensor.count()));
    lane().copy_to_host(tensor, std::as_writable_bytes(std::span(all)));
    return all;
  }
  /// Each node's runs but those after `last`, the last to add to some gradient.
  std::vector<int> runs() const {
    std::vector<int> all;
    for (int m = 0; m < microbatches; ++m)
      for (int node = 0; node < static_cast<int>(program.graph.nodes.size()); ++node)
        if (!graph::once_a_step(program.graph.nodes[node].phase))
          all.insert(all.end(), runner->runs(node), node);
    return all;
  }
  void run(int node) {
    reducer->count(node);
    reducer->go_on();
  }
  void complete() {
    if (started) reducer->wait();
  }

  comm::CartesianGrid grid;
  passes::Program program;
  std::optional<exec::Arena> arena;
  std::optional<exec::ProgramRunner> runner;
  std::optional<exec::GradientReducer> reducer;
  bool started = false;
};

double sum_over_ranks() { return world().size() * (world().size() + 1) / 2.0; }

TEST(GradientReducer, BucketsLieSideBySideAndHoldEverySharedGradient) {
  if (world().size() == 1) GTEST_SKIP() << "no gradient is shared";
  const Setting setting(20'000);
  const auto messages = setting.reducer->messages();
  const auto carried_out = setting.reducer->carried_out();
  std::size_t held = 0;
  const std::byte* end = nullptr;
  for (const auto& message : messages) {
    const auto* begin = static_cast<const std::byte*>(message.gradients.data);
    EXPECT_GE(begin, end);
    end = begin + message.gradients.bytes();
    EXPECT_EQ(message.axes, maps::AxisSet(maps::Axis::data));
  }
  for (const passes::Reduction& reduction : passes::reductions(setting.program)) {
    EXPECT_TRUE(carried_out[reduction.node]);
    const auto* begin = static_cast<const std::byte*>(setting.runner->tensor(reduction.sum).data);
    held += std::ranges::count_if(messages, [&](const auto& message) {
      const auto* first = static_cast<const std::byte*>(message.gradients.data);
      return begin >= first &&
             begin + setting.runner->tensor(reduction.sum).bytes() <= first + message.gradients.bytes();
    });
  }
  EXPECT_EQ(held, passes::reductions(setting.program).size());
  EXPECT_GT(messages.size(), 1u);
  EXPECT_LT(Setting(std::int64_t{1} << 30).reducer->messages().size(), messages.size());
}

TEST(GradientReducer, SumsEveryBucketOnce) {
  Setting setting(20'000);
  setting.started = true;
  for (int node : setting.runs()) setting.run(node);
  setting.complete();
  for (const auto& message : setting.reducer->messages())
    for (double value : setting.values(message.gradients)) ASSERT_EQ(value, sum_over_ranks());
}

TEST(GradientReducer, ABucketWaitsForTheLastWriteToIt) {
  if (world().size() == 1) GTEST_SKIP() << "no gradient is shared";
  Setting setting(20'000);
  std::vector<int> runs = setting.runs();
  // The last run of all that adds to a gradient: its bucket must stay as it is until then.
  const auto& reductions = passes::reductions(setting.program);
  const auto adds = [&](int node) {
    return std::ranges::any_of(reductions, [&](const passes::Reduction& reduction) {
      return std::ranges::count(setting.program.graph.nodes[node].out, reduction.sum) > 0;
    });
  };
  const auto last = std::ranges::find_if(runs.rbegin(), runs.rend(), adds);
  const int node = *last;
  runs.erase(std::next(last).base());
  for (int other : runs) setting.run(other);
  EXPECT_FALSE(setting.reducer->settled());
  const auto sum = std::ranges::find_if(reductions, [&](const passes::Reduction& reduction) {
                     return std::ranges::count(setting.program.graph.nodes[node].out, reduction.sum) > 0;
                   })->sum;
  EXPECT_EQ(setting.values(setting.runner->tensor(sum)).front(), 1.0 + world().rank());
  setting.started = true;
  setting.run(node);
  setting.complete();
  EXPECT_EQ(setting.values(setting.runner->tensor(sum)).front(), sum_over_ranks());
}

}  // namespace
}  // namespace heddle::tests
