// Halos: the known widths, and sliding sums computed over many ranks and their gradients against one rank's.
#include "heddle/maps/halo.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "support.hpp"

namespace heddle::maps {
namespace {

using Widths = std::vector<HaloWidth>;

Widths widths(const SlidingWindow& window) {
  Widths result;
  for (int index = 0; index < window.parts; ++index) result.push_back(halo_width(window, index));
  return result;
}

TEST(HaloWidth, KnownAnswers) {
  EXPECT_EQ(widths({10, 3, 3}), (Widths{{0, 1}, {1, 1}, {1, 0}}));
  EXPECT_EQ(widths({10, 2, 5, 2, 2, 2}), (Widths{{0, 2}, {1, -1}}));
  EXPECT_EQ(widths({50, 3, 5, 3, 1, 1, 3}), (Widths{{0, 7}, {3, 5}, {5, 0}}));
  EXPECT_EQ(widths({15, 4, 3, 1, 1, 1}), (Widths{{0, 1}, {1, 1}, {1, 1}, {1, 0}}));
}

TEST(HaloWidth, KnownAnswerOfAPoolingThatTrims) {
  const SlidingWindow pooling{10, 4, 2, 2};
  EXPECT_EQ(widths(pooling), (Widths{{0, 1}, {-1, 0}, {0, 0}, {0, 0}}));
  std::vector<std::int64_t> held;
  for (int index = 0; index < 4; ++index) held.push_back(halo_block(pooling, index).needed.size());
  EXPECT_EQ(held, (std::vector<std::int64_t>{4, 2, 2, 2}));
}

TEST(HaloWidth, OutputSizes) {
  EXPECT_EQ(output_size({10, 1, 2, 2}), 5);
  EXPECT_EQ(output_size({10, 1, 5, 2, 2, 2}), 5);
  EXPECT_EQ(output_size({50, 1, 5, 3, 1, 1, 3}), 14);
  EXPECT_EQ(output_size({2, 1, 3}), 0) << "the kernel does not fit";
  EXPECT_EQ(output_size({0, 1, 3, 1, 2, 2}), 2) << "padding alone";
}

TEST(HaloExchange, AWideHaloComesFromSeveralHops) {
  const auto plan = halo_exchange({{4, 4, 7, 1, 3, 3}}, {0, 1, 2, 3}, 4);
  EXPECT_EQ(plan.target[0], (Box{{0, 4}}));
  EXPECT_EQ(received_by(plan, 0).size(), 4u) << "itself and three neighbours";
}

TEST(HaloExchange, CornersComeFromTheDiagonal) {
  const auto plan = halo_exchange({{4, 2, 3, 1, 1, 1}, {4, 2, 3, 1, 1, 1}}, {0, 1, 2, 3}, 4);
  EXPECT_EQ(plan.target[0], (Box{{0, 3}, {0, 3}}));
  EXPECT_EQ(received_by(plan, 0).back(), (Transfer{3, 0, {{2, 3}, {2, 3}}}));
}

/// Calls f with every index of `box`, row-major.
template <class F>
void for_each_index(const Box& box, F f) {
  const Shape shape = box.shape();
  for (std::int64_t flat = 0; flat < shape.count(); ++flat) {
    Shape index = shape;
    for (std::int64_t dim = shape.rank() - 1, rest = flat; dim >= 0; --dim) {
      index[static_cast<int>(dim)] = box[static_cast<int>(dim)].begin + rest % shape[static_cast<int>(dim)];
      rest /= shape[static_cast<int>(dim)];
    }
    f(index, flat);
  }
}

std::int64_t flat_in(const Box& box, const Shape& index) {
  std::int64_t flat = 0;
  for (int dim = 0; dim < box.rank(); ++dim) {
    EXPECT_TRUE(box[dim].begin <= index[dim] && index[dim] < box[dim].end)
        << "read outside what the rank holds";
    flat = flat * box[dim].size() + index[dim] - box[dim].begin;
  }
  return flat;
}

/// Calls f(output, input, weight) for every input that an output in `outputs` reads, flat within
/// `outputs` and `inputs`.
template <class F>
void slide(const std::vector<SlidingWindow>& dims, const Box& outputs, const Box& inputs, F f) {
  Box kernel;
  for (const SlidingWindow& dim : dims) kernel.push_back({0, dim.kernel});
  for_each_index(outputs, [&](const Shape& output, std::int64_t flat_output) {
    for_each_index(kernel, [&](const Shape& tap, std::int64_t flat_tap) {
      Shape input = output;
      bool padding = false;
      for (int dim = 0; dim < output.rank(); ++dim) {
        const SlidingWindow& d = dims[dim];
        input[dim] = output[dim] * d.stride - d.padding_left + tap[dim] * d.dilation;
        padding |= input[dim] < 0 || input[dim] >= d.n;
      }
      if (!padding) f(flat_output, flat_in(inputs, input), static_cast<double>(flat_tap + 1));
    });
  });
}

LocalTensor slid(const std::vector<SlidingWindow>& dims, const Box& outputs, const Box& inputs,
                 const LocalTensor& x) {
  LocalTensor y(outputs.shape());
  slide(dims, outputs, inputs,
        [&](auto to, auto from, double weight) { y.values[to] += weight * x.values[from]; });
  return y;
}

LocalTensor slid_back(const std::vector<SlidingWindow>& dims, const Box& outputs, const Box& inputs,
                      const LocalTensor& dy) {
  LocalTensor dx(inputs.shape());
  slide(dims, outputs, inputs,
        [&](auto to, auto from, double weight) { dx.values[from] += weight * dy.values[to]; });
  return dx;
}

/// The values of `part` of a tensor that covers `holder`.
LocalTensor piece(const LocalTensor& tensor, const Box& holder, const Box& part) {
  LocalTensor result(part.shape());
  for_each_index(part,
                 [&](const Shape& i, auto flat) { result.values[flat] = tensor.values[flat_in(holder, i)]; });
  return result;
}

/// The outputs of the rank at each place, row-major over the parts.
std::vector<Box> output_boxes(const std::vector<SlidingWindow>& dims) {
  Box places;
  for (const SlidingWindow& dim : dims) places.push_back({0, dim.parts});
  std::vector<Box> result;
  for_each_index(places, [&](const Shape& place, auto) {
    Box box;
    for (int dim = 0; dim < place.rank(); ++dim)
      box.push_back(halo_block(dims[dim], static_cast<int>(place[dim])).output);
    result.push_back(box);
  });
  return result;
}

void expect_the_same_as_one_rank(const std::vector<SlidingWindow>& dims, Dice& dice) {
  Box inputs, outputs;
  for (const SlidingWindow& dim : dims) {
    inputs.push_back({0, dim.n});
    outputs.push_back({0, output_size(dim)});
  }
  const auto mine = output_boxes(dims);
  const int count = static_cast<int>(mine.size()), world = count + 1;
  const auto ranks = dice.ranks(count, world);  // in any order, one of them idle
  const TransferPlan plan = halo_exchange(dims, ranks, world);

  const LocalTensor x = dice.tensor(inputs.shape()), dy = dice.tensor(outputs.shape());
  const LocalTensor y = slid(dims, outputs, inputs, x), dx = slid_back(dims, outputs, inputs, dy);
  DistributedTensor owned, lent(world);
  for (int rank = 0; rank < world; ++rank) {
    owned.push_back(piece(x, inputs, plan.source[rank]));
    lent[rank] = LocalTensor(plan.target[rank].shape());
  }
  const DistributedTensor held = carry_out(plan, owned);
  for (int place = 0; place < count; ++place) {
    const int rank = ranks[place];
    EXPECT_EQ(slid(dims, mine[place], plan.target[rank], held[rank]), piece(y, outputs, mine[place]));
    lent[rank] = slid_back(dims, mine[place], plan.target[rank], piece(dy, outputs, mine[place]));
  }
  const DistributedTensor back = carry_out(adjoint(plan), lent);
  for (int rank = 0; rank < world; ++rank) EXPECT_EQ(back[rank], piece(dx, inputs, plan.source[rank]));

  const auto z = dice.tensors(plan.target);
  EXPECT_EQ(inner_product(held, z), inner_product(owned, carry_out(adjoint(plan), z)));
}

SlidingWindow random_window(int largest, int most_parts, Dice& dice) {
  return {dice(0, largest), dice(1, most_parts), dice(1, 5), dice(1, 3), dice(0, 4), dice(0, 4), dice(1, 3)};
}

TEST(HaloExchange, OneDimAgreesWithOneRank) {
  Dice dice(21);
  for (int trial = 0; trial < 1500; ++trial) expect_the_same_as_one_rank({random_window(24, 8, dice)}, dice);
}

TEST(HaloExchange, TwoDimsAgreeWithOneRank) {
  Dice dice(22);
  for (int trial = 0; trial < 200; ++trial)
    expect_the_same_as_one_rank({random_window(9, 4, dice), random_window(9, 3, dice)}, dice);
}

TEST(HaloExchange, ThreeDimsAgreeWithOneRank) {
  Dice dice(23);
  for (int trial = 0; trial < 30; ++trial)
    expect_the_same_as_one_rank(
        {random_window(6, 3, dice), random_window(6, 2, dice), random_window(5, 3, dice)}, dice);
}

}  // namespace
}  // namespace heddle::maps
