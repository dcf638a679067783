// Parameters start from the same numbers on every grid, and every element has one owner.
#include "heddle/train/parameters.hpp"

#include <map>

#include "heddle/base/random.hpp"
#include "heddle/comm/collectives.hpp"
#include "share.hpp"

namespace heddle::train {
namespace {

constexpr std::uint64_t seed = 3;

double initial_value(const Parameter& p, std::uint64_t index) {
  if (p.initial.kind == graph::Initial::Kind::constant) return p.initial.value;
  return p.initial.value * normal_at(random_key(p.name, seed), 0, index);
}

/// The bug is replicas, or the two holders of a tied table, that start from different weights.
TEST(Parameters, StartFromTheNumbersOfTheirGlobalIndexOnEveryGrid) {
  for_each_share([](const Share& share) {
    for (const TrainedParameter& p : share.parameters) {
      ASSERT_EQ(p.tensor.shape, p.box.shape()) << p.name;
      initialise(p, seed, tests::lane());
    }
    for (const TrainedParameter& p : share.parameters) {
      const std::vector<double> values = to_host(p.tensor);
      double worst = 0;
      for_each_element(p, [&](std::size_t i, std::uint64_t index) {
        worst = std::max(worst, std::abs(values[i] - initial_value(p, index)));
      });
      EXPECT_LE(worst, 1e-16) << p.name;
    }
  });
}

TEST(Parameters, EveryElementHasOneOwner) {
  const graph::Graph model = gpt();
  std::map<std::string, std::int64_t> begin;
  std::int64_t total = 0;
  for (graph::ValueId id : tests::parameters(model)) {
    begin[model[id].name] = total;
    total += model[id].shape.count();
  }
  for_each_share([&](const Share& share) {
    std::vector<std::int32_t> owners(static_cast<std::size_t>(total));
    for (const TrainedParameter& p : share.parameters)
      if (p.owner)
        for_each_element(p, [&](std::size_t, std::uint64_t i) {
          ++owners[static_cast<std::size_t>(begin.at(p.name)) + i];
        });
    const Tensor tensor{owners.data(), DType::i32, {total}};
    comm::Request sum = start_all_reduce(tests::world().all(), comm::Reduction::sum, tensor, tensor, {});
    wait(sum, {"owners"});
    EXPECT_EQ(std::ranges::count(owners, 1), total);
  });
}

TEST(Parameters, AllOfAStageAreTrainedAndHaveMemoryOfTheirOwn) {
  for_each_share([](const Share& share) {
    EXPECT_EQ(share.parameters.size(), share.names_of_rank[share.pipeline_rank].size());
    std::map<void*, std::int64_t> bytes;
    for (const TrainedParameter& p : share.parameters)
      for (const Tensor& t : {p.tensor, p.gradient, p.first_moment, p.second_moment}) {
        EXPECT_EQ(t.shape, p.box.shape()) << p.name;
        EXPECT_TRUE(bytes.emplace(t.data, t.bytes()).second) << p.name;
      }
    for (auto at = bytes.begin(); at != bytes.end() && std::next(at) != bytes.end(); ++at)
      EXPECT_LE(static_cast<std::byte*>(at->first) + at->second, std::next(at)->first);
  });
}

TEST(Parameters, WithoutGradientsAreTheSame) {
  for_each_share([](const Share& share) {
    const auto plain = parameters(share.program, *share.arena, share.grid, share.held_before);
    ASSERT_EQ(plain.size(), share.parameters.size());
    for (const Parameter& p : plain) {
      const auto trained = std::ranges::find(share.parameters, p.name, &TrainedParameter::name);
      ASSERT_NE(trained, share.parameters.end());
      EXPECT_EQ(trained->tensor.data, p.tensor.data);
      EXPECT_EQ(trained->box, p.box);
      EXPECT_EQ(trained->owner, p.owner);
    }
  });
}

}  // namespace
}  // namespace heddle::train
