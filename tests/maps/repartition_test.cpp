// Repartition and broadcast between partitions: known answers, and random partitions against
// the global tensor.
#include "heddle/maps/repartition.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "../support/expect_error.hpp"
#include "support.hpp"

namespace heddle::maps {
namespace {

using tests::expect_error;

/// The tensors that ranks holding `boxes` have of a global tensor whose values are value(row-major index).
template <class F>
DistributedTensor dealt(const Shape& global, const std::vector<Box>& boxes, F value) {
  DistributedTensor x;
  for (const Box& box : boxes) {
    x.emplace_back(box.shape());
    auto out = x.back().values.begin();
    for_each_run(Box(global), box, [&](auto offset, auto length) {
      for (auto i = offset; i < offset + length; ++i) *out++ = value(i);
    });
  }
  return x;
}

DistributedTensor rank_plus_one(const std::vector<Box>& boxes) {
  DistributedTensor y;
  for (std::size_t rank = 0; rank < boxes.size(); ++rank)
    y.emplace_back(boxes[rank].shape(), static_cast<double>(rank + 1));
  return y;
}

TEST(Repartition, KnownAnswerFromRowsToSquares) {
  const Shape global{7, 5};
  const auto plan = repartition(balanced_partition(global, {4, 1}, {0, 1, 2, 3}),
                                balanced_partition(global, {2, 2}, {0, 1, 2, 3}), 4);
  const double row_value[] = {1, 1, 2, 2, 3, 3, 4};
  const auto x = dealt(global, plan.source, [&](auto i) { return row_value[i / 5]; });
  EXPECT_EQ(carry_out(plan, x), dealt(global, plan.target, [&](auto i) { return row_value[i / 5]; }));

  const auto y = rank_plus_one(plan.target);
  const auto back = carry_out(adjoint(plan), y);
  EXPECT_EQ(back,
            dealt(global, plan.source, [](auto i) { return (i / 5 < 4 ? 1 : 3) + (i % 5 < 3 ? 0 : 1); }));
  EXPECT_EQ(inner_product(carry_out(plan, x), y), 212);
  EXPECT_EQ(inner_product(x, back), 212);
}

TEST(Broadcast, KnownAnswerOverTheSecondDim) {
  const Shape global{5, 2};
  const auto plan = broadcast(balanced_partition(global, {2, 1}, {0, 1}), {2, 3}, {0, 1, 2, 3, 4, 5}, 6);
  const auto x = dealt(global, plan.source, [](auto i) { return i < 6 ? 1 : 2; });
  const auto image = carry_out(plan, x);
  for (int rank = 0; rank < 6; ++rank)
    EXPECT_EQ(image[rank], rank < 3 ? LocalTensor({3, 2}, 1) : LocalTensor({2, 2}, 2));

  const auto y = rank_plus_one(plan.target);
  const auto back = carry_out(adjoint(plan), y);
  EXPECT_EQ(back[0], LocalTensor({3, 2}, 6));
  EXPECT_EQ(back[1], LocalTensor({2, 2}, 15));
  EXPECT_EQ(inner_product(image, y), 156);
  EXPECT_EQ(inner_product(x, back), 156);
}

TEST(Broadcast, SumReduceIsItsAdjointAndOtherPartsAreRefused) {
  const auto few = balanced_partition({5, 2}, {2, 1}, {3, 4});
  EXPECT_EQ(sum_reduce(few, {2, 2}, {0, 1, 2, 3}, 5), adjoint(broadcast(few, {2, 2}, {0, 1, 2, 3}, 5)));
  const auto over = [&](Shape parts, std::vector<int> ranks) {
    return [=] { broadcast(few, parts, ranks, 5); };
  };
  expect_error(ExitCode::failure, {"(2,1) parts", "over (3,1) ranks"}, over({3, 1}, {0, 1, 2}));
  expect_error(ExitCode::failure, {"(2,1) parts", "over (2) ranks"}, over({2}, {0, 1}));
  expect_error(ExitCode::failure, {"(2,2) parts has 3 ranks", "give 4"}, over({2, 2}, {0, 1, 2}));
}

TEST(Broadcast, TheLastDimsStandOverEachOther) {
  const Shape global{4, 3};
  const auto few = balanced_partition(global, {2, 1}, {4, 1});
  const auto plan = broadcast(few, {2, 2, 2}, {0, 1, 2, 3, 4, 5, 6, 7}, 8);
  const auto x = dealt(global, plan.source, [](auto i) { return i < 6 ? 1 : 2; });
  const auto image = carry_out(plan, x);
  for (int rank = 0; rank < 8; ++rank)
    EXPECT_EQ(image[rank], LocalTensor({2, 3}, rank % 4 < 2 ? 1 : 2)) << rank;

  const auto back = carry_out(adjoint(plan), rank_plus_one(plan.target));
  EXPECT_EQ(back[4], LocalTensor({2, 3}, 1 + 2 + 5 + 6));
  EXPECT_EQ(back[1], LocalTensor({2, 3}, 3 + 4 + 7 + 8));
}

TEST(Repartition, WhatDoesNotFitIsRefusedInWords) {
  const auto refused = [](std::initializer_list<std::string> words, auto body) {
    expect_error(ExitCode::failure, words, body);
  };
  const auto two = balanced_partition({4}, {2}, {0, 1});
  const auto recut = [](std::vector<std::vector<Block>> blocks) {
    const Partition partition{std::move(blocks), {0, 1}};
    return [=] { repartition(partition, partition, 2); };
  };
  refused({"(4) tensor", "(5) tensor"}, [&] { repartition(two, balanced_partition({5}, {1}, {0}), 2); });
  refused({"(4) tensor", "(4,1) tensor"}, [&] {
    repartition(two, balanced_partition({4, 1}, {1, 1}, {0}), 2);
  });
  refused({"2 dims", "(2) parts"}, [] { balanced_partition({4, 1}, {2}, {0, 1}); });
  refused({"0 parts"}, [] { balanced_partition({4}, {0}, {}); });
  refused({"rank 1 cannot", "ranks 0 to 0"}, [&] { boxes(two, 1); });
  refused({"rank 0 cannot", "another"}, [] { boxes(balanced_partition({4}, {2}, {0, 0}), 2); });
  refused({"(2) parts has 1 ranks"}, [] { boxes(balanced_partition({4}, {2}, {0}), 2); });
  refused({"[3, 4) of dim 0", "at 2"}, recut({{{0, 2}, {3, 4}}}));
  refused({"[2, 1) of dim 0"}, recut({{{0, 2}, {2, 1}}}));
  refused({"dim 1", "no block"}, recut({{{0, 2}, {2, 3}}, {}}));
}

TEST(Transfer, RanksSeeTheirOwnSendsAndReceives) {
  const auto plan = repartition(balanced_partition({4}, {2}, {0, 1}), balanced_partition({4}, {1}, {2}), 4);
  EXPECT_EQ(sent_by(plan, 0), (std::vector<Transfer>{{0, 2, {{0, 2}}}}));
  EXPECT_EQ(received_by(plan, 2), (std::vector<Transfer>{{0, 2, {{0, 2}}}, {1, 2, {{2, 4}}}}));
  EXPECT_TRUE(sent_by(plan, 3).empty());
  EXPECT_EQ(sent_by(adjoint(plan), 2).size(), 2u);
}

/// Any cuts, so blocks are uneven and often empty; any ranks, so partitions overlap, are disjoint or
/// leave ranks idle.
Partition random_partition(const Shape& global, int world, Dice& dice) {
  Partition partition;
  int holders = 1;
  for (auto extent : global) {
    const int parts = dice(1, std::min(3, world / holders));
    holders *= parts;
    std::vector<std::int64_t> cuts{0, extent};
    for (int i = 1; i < parts; ++i) cuts.push_back(dice(0, static_cast<int>(extent)));
    std::ranges::sort(cuts);
    partition.blocks.emplace_back();
    for (int i = 0; i < parts; ++i) partition.blocks.back().push_back({cuts[i], cuts[i + 1]});
  }
  partition.ranks = dice.ranks(holders, world);
  return partition;
}

TEST(Repartition, MovesEveryElementBetweenAnyTwoPartitions) {
  Dice dice(11);
  const auto index = [](auto i) { return static_cast<double>(i + 1); };
  for (int trial = 0; trial < 500; ++trial) {
    Shape global;
    for (int dim = dice(1, 3); dim > 0; --dim) global.push_back(dice(0, 6));
    const int world = dice(1, 12);
    const auto from = random_partition(global, world, dice), to = random_partition(global, world, dice);
    const auto plan = repartition(from, to, world);
    const auto x = dealt(global, plan.source, index);
    EXPECT_EQ(carry_out(plan, x), dealt(global, plan.target, index));
    EXPECT_EQ(carry_out(adjoint(plan), carry_out(plan, x)), x)
        << "the adjoint of a permutation is its inverse";
    EXPECT_EQ(adjoint(adjoint(plan)), plan);
    const auto y = dice.tensors(plan.target);
    EXPECT_EQ(inner_product(carry_out(plan, x), y), inner_product(x, carry_out(adjoint(plan), y)));
  }
}

TEST(Repartition, DisjointRanks) {
  const auto plan =
      repartition(balanced_partition({5}, {2}, {0, 1}), balanced_partition({5}, {3}, {4, 3, 2}), 6);
  const auto x = dealt({5}, plan.source, [](auto i) { return static_cast<double>(i); });
  const auto y = carry_out(plan, x);
  EXPECT_EQ(y[4].values, (std::vector<double>{0, 1}));
  EXPECT_EQ(y[3].values, (std::vector<double>{2, 3}));
  EXPECT_EQ(y[2].values, (std::vector<double>{4}));
  for (int idle : {0, 1, 5}) EXPECT_TRUE(y[idle].values.empty());
}

TEST(Repartition, AShiftToTheNextStageHasTheShiftBackAsItsAdjoint) {
  const auto here = balanced_partition({3, 2}, {1, 2}, {0, 1}),
             next = balanced_partition({3, 2}, {1, 2}, {2, 3});
  EXPECT_EQ(adjoint(repartition(here, next, 4)), repartition(next, here, 4));
}

TEST(Broadcast, InnerProductsAgreeOnRandomPartitions) {
  Dice dice(12);
  for (int trial = 0; trial < 200; ++trial) {
    const Shape global{dice(0, 6), dice(1, 5)};
    const int world = 9;
    Shape few{dice(1, 3), dice(1, 3)}, many = few;
    for (int dim = 0; dim < 2; ++dim)
      if (few[dim] == 1) many[dim] = dice(1, 3);
    const auto from = balanced_partition(global, few, dice.ranks(static_cast<int>(few.count()), world));
    const auto plan = broadcast(from, many, dice.ranks(static_cast<int>(many.count()), world), world);
    const auto x = dice.tensors(plan.source), y = dice.tensors(plan.target);
    EXPECT_EQ(inner_product(carry_out(plan, x), y), inner_product(x, carry_out(adjoint(plan), y)));
  }
}

}  // namespace
}  // namespace heddle::maps
