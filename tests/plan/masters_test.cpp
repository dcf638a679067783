// Bytes of a parameter under each way to keep it, as the plan has them.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "../support/checked_deck.hpp"
#include "heddle/plan/from_deck.hpp"

namespace heddle::plan {
namespace {

/// Every matrix is a multiple of what memory is aligned to.
Plan plan_with(std::vector<std::string> overrides) {
  constexpr const char* text = R"(
[model]
layers = 4
heads = 4
width = 64
context = 16
vocabulary = 256
[train]
steps = 1
batch = 8
precision = "bf16"
)";
  return make(tests::checked_deck(text, overrides));
}

/// Of a rank's memory, all that lives from step to step or holds gradients, of parameters with that ending.
double bytes_of_a_number(const Plan& plan, std::string_view ending) {
  const passes::Program& program = plan.program(PipelineRank(0));
  const schedule::MemoryPlan& memory = plan.memory(0).training;
  std::int64_t bytes = 0, numbers = 0;
  for (const passes::Trained& trained : program.trained) {
    const std::string& name = program.graph[trained.parameter].name;
    if (!name.ends_with(ending)) continue;
    numbers += memory.locations[trained.parameter].shape.count();
    bytes += memory.locations[trained.gradient].bytes;
    for (std::size_t id = 0; id < program.graph.values.size(); ++id) {
      const graph::Value& value = program.graph.values[id];
      const bool of_it = value.name == name || value.name.starts_with(name + ".");
      const bool kept = graph::is_kept(value.role) || value.role == graph::Role::copy;
      if (of_it && kept) bytes += memory.locations[id].bytes;
    }
  }
  return static_cast<double>(bytes) / static_cast<double>(numbers);
}

TEST(Masters, TakeTheBytesOfWhatIsKept) {
  for (const char* grid : {"grid.data=2", "grid.tensor=2", "grid.pipeline=2"})
    for (const auto& [masters, wide, narrow] :
         {std::tuple("wide", 18, 14), {"remainder", 16, 12}, {"none", 14, 10}})
      for (const auto& [moments, bytes] : {std::pair("wide", wide), {"bf16", narrow}}) {
        const Plan plan =
            plan_with({grid, fmt::format("optimizer.masters={}", masters),
                       fmt::format("optimizer.moments={}", moments), "pipeline.microbatches=2"});
        EXPECT_EQ(bytes_of_a_number(plan, ".mlp.up.weight"), bytes)
            << masters << " " << moments << " " << grid;
        EXPECT_EQ(bytes_of_a_number(plan, "embedding.token"), bytes)
            << masters << " " << moments << " " << grid;
        const int of_wide = std::string_view(moments) == "bf16" ? 12 : 16;
        EXPECT_EQ(bytes_of_a_number(plan, ".mlp.up.bias"), of_wide) << "which no product reads";
      }
}

/// And nothing else of the plan changes.
TEST(Masters, RemaindersSaveTwoBytesOfEveryWeightThatProductsRead) {
  for (const char* tied : {"replicate", "transmit"})
    for (const char* validate : {"before", "after"}) {
      const auto with = [&](const char* masters) {
        return plan_with({"grid.pipeline=2", "grid.tensor=2", "pipeline.microbatches=2",
                          fmt::format("pipeline.tied={}", tied),
                          fmt::format("optimizer.validate={}", validate),
                          fmt::format("optimizer.masters={}", masters)});
      };
      const Plan wide = with("wide"), remainder = with("remainder");
      for (int rank = 0; rank < wide.grid().size(); ++rank) {
        const schedule::MemoryPlan &before = wide.memory(rank).training,
                                   &after = remainder.memory(rank).training;
        const passes::Program& program = remainder.program(remainder.pipeline_rank(rank));
        std::int64_t saved = 0, remainders = 0;
        for (const passes::Trained& trained : program.trained) {
          if (program.graph[trained.parameter].dtype != DType::bf16) continue;
          const std::int64_t weight = after.locations[trained.parameter].bytes;
          saved +=
              trained.stepped() ? weight : 2 * weight;  // nobody keeps a master of what another rank steps
          remainders += trained.stepped() ? weight : 0;
        }
        EXPECT_GT(remainders, 0);
        EXPECT_EQ(after[schedule::FixedPool::remainders].bytes(), remainders);
        EXPECT_EQ(before[schedule::FixedPool::remainders].bytes(), 0);
        EXPECT_EQ(before.bytes - after.bytes, saved) << tied << " " << validate << " rank " << rank;
      }
    }
}

}  // namespace
}  // namespace heddle::plan
