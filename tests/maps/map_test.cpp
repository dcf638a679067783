// The map table: its types, its values by hand, and the adjoint test on every grid and set of axes.
#include "heddle/maps/map.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "heddle/base/error.hpp"
#include "support.hpp"

namespace heddle::maps {
namespace {

using enum Axis;

std::vector<Map> linear_maps(AxisSet axes) {
  return {{MapKind::identity, axes},          {MapKind::broadcast, axes},
          {MapKind::sum_reduce, axes},        {MapKind::all_sum_reduce, axes},
          {MapKind::all_gather, axes, 0},     {MapKind::all_gather, axes, 1},
          {MapKind::reduce_scatter, axes, 0}, {MapKind::reduce_scatter, axes, 1},
          {MapKind::scatter, axes, 0},        {MapKind::scatter, axes, 1},
          {MapKind::gather, axes, 0},         {MapKind::gather, axes, 1},
          {MapKind::all_to_all, axes, 0, 1},  {MapKind::all_to_all, axes, 1, 0},
          {MapKind::sum_to_first, axes},      {MapKind::broadcast_from_first, axes}};
}

/// Random tensors of shape `global` laid as `part` along `axes`.
DistributedTensor laid(Part part, AxisSet axes, const Grid& grid, const Shape& global, Dice& dice) {
  DistributedTensor x(grid.size());
  for (const auto& group : grid.groups(axes)) {
    const LocalTensor common = dice.tensor(global);
    for (int i = 0; i < static_cast<int>(group.size()); ++i) {
      Shape shape = global;
      if (part.kind == Part::Kind::split)
        shape[part.dim] = balanced_block(global[part.dim], static_cast<int>(group.size()), i).size();
      x[group[i]] = part == whole ? common : dice.tensor(shape);
    }
  }
  return x;
}

LocalTensor vector_of(std::vector<double> values) {
  LocalTensor x(Shape{static_cast<std::int64_t>(values.size())});
  x.values = std::move(values);
  return x;
}

LocalTensor matrix_of(std::int64_t rows, std::int64_t columns, std::vector<double> values) {
  LocalTensor x(Shape{rows, columns});
  x.values = std::move(values);
  return x;
}

TEST(MapTable, AdjointRunsBetweenTheDualTypesAndBack) {
  for (const Map& map : linear_maps(tensor)) {
    EXPECT_EQ(adjoint(adjoint(map)), map) << name(map);
    EXPECT_EQ(source(adjoint(map)), dual(target(map))) << name(map);
    EXPECT_EQ(target(adjoint(map)), dual(source(map))) << name(map);
  }
}

TEST(MapTable, ALogSumHasNoAdjoint) { EXPECT_THROW(adjoint(Map{MapKind::log_sum_reduce, tensor}), Error); }

TEST(MapTable, Names) {
  EXPECT_EQ(name(Map{MapKind::all_gather, tensor, 0}), "all_gather(tensor, dim 0)");
  EXPECT_EQ(name(Map{MapKind::all_to_all, data | tensor, 0, 1}), "all_to_all(data*tensor, dim 0 to 1)");
  EXPECT_EQ(name(Map{MapKind::sum_reduce, data}), "sum_reduce(data)");
}

TEST(MapTable, InnerProductsAgreeOnEveryGridAndSetOfAxes) {
  Dice dice(7);
  for (const Grid& grid : some_grids())
    for (AxisSet axes : all_axis_sets())
      for (const Map& map : linear_maps(axes))
        for (const Shape& global : {Shape{4, 8}, Shape{7, 5}, Shape{1, 3}, Shape{0, 2}}) {
          const auto x = laid(source(map), axes, grid, global, dice);
          const auto y = laid(dual(target(map)), axes, grid, global, dice);
          EXPECT_EQ(inner_product(target(map), axes, grid, carry_out(map, grid, x), y),
                    inner_product(source(map), axes, grid, x, carry_out(adjoint(map), grid, y)))
              << name(map) << " on " << name(grid);
        }
}

TEST(MapTable, ValuesByHand) {
  const Grid grid({1, 1, 2});
  const DistributedTensor same = {vector_of({1, 2, 3}), vector_of({1, 2, 3})};
  const DistributedTensor pieces = {vector_of({1, 2}), vector_of({3})};
  const DistributedTensor addends = {vector_of({1, 2, 3}), vector_of({10, 20, -30})};
  const DistributedTensor sums = {vector_of({11, 22, -27}), vector_of({11, 22, -27})};
  const auto image = [&](Map map, const DistributedTensor& x) { return carry_out(map, grid, x); };
  EXPECT_EQ(image({MapKind::identity, tensor}, addends), addends);
  EXPECT_EQ(image({MapKind::broadcast, tensor}, same), same);
  EXPECT_EQ(image({MapKind::sum_reduce, tensor}, addends), sums);
  EXPECT_EQ(image({MapKind::all_sum_reduce, tensor}, addends), sums);
  EXPECT_EQ(image({MapKind::all_gather, tensor, 0}, pieces), same);
  EXPECT_EQ(image({MapKind::gather, tensor, 0}, pieces), same);
  EXPECT_EQ(image({MapKind::scatter, tensor, 0}, same), pieces);
  EXPECT_EQ(image({MapKind::reduce_scatter, tensor, 0}, addends),
            (DistributedTensor{vector_of({11, 22}), vector_of({-27})}));
  const double infinity = std::numeric_limits<double>::infinity();
  const DistributedTensor logs = {vector_of({0, -infinity, 1000}), vector_of({0, -infinity, -infinity})};
  const DistributedTensor log_sums(2, vector_of({std::log(2.0), -infinity, 1000}));
  EXPECT_EQ(image({MapKind::log_sum_reduce, tensor}, logs), log_sums);
  EXPECT_EQ(image({MapKind::all_to_all, tensor, 0, 1},
                  {matrix_of(2, 3, {1, 2, 3, 4, 5, 6}), matrix_of(1, 3, {7, 8, 9})}),
            (DistributedTensor{matrix_of(3, 2, {1, 2, 4, 5, 7, 8}), matrix_of(3, 1, {3, 6, 9})}));
}

TEST(MapTable, OnlyRanksOfOneGroupMeet) {
  const Grid grid({2, 1, 2});
  const DistributedTensor x = {vector_of({1}), vector_of({2}), vector_of({30}), vector_of({40})};
  const auto over_tensor = carry_out(Map{MapKind::sum_reduce, tensor}, grid, x);
  const auto over_data = carry_out(Map{MapKind::sum_reduce, data}, grid, x);
  EXPECT_EQ(over_tensor,
            (DistributedTensor{vector_of({3}), vector_of({3}), vector_of({70}), vector_of({70})}));
  EXPECT_EQ(over_data,
            (DistributedTensor{vector_of({31}), vector_of({42}), vector_of({31}), vector_of({42})}));
}

TEST(Conversion, LeadsWhereItSaysAndKnowsWhatTheTableLacks) {
  const std::vector<Part> parts = {whole, copied, partial, log_partial, split(0), split(1)};
  for (Part from : parts)
    for (Part to : parts) {
      const auto map = conversion(from, to, tensor);
      if (!map || from == to) continue;
      EXPECT_EQ(source(*map), from);
      EXPECT_EQ(target(*map), to);
    }
  EXPECT_EQ(conversion(copied, copied, tensor), (Map{MapKind::identity, tensor}));
  EXPECT_FALSE(conversion(whole, partial, tensor));
  EXPECT_FALSE(conversion(copied, whole, tensor));
  EXPECT_FALSE(conversion(split(0), partial, tensor));
  EXPECT_FALSE(conversion(log_partial, copied, tensor));
}

TEST(Conversion, ADetourArrivesAtTheSame) {
  Dice dice(3);
  const Grid grid({2, 1, 3});
  const std::vector<Part> parts = {whole, copied, partial, split(0), split(1)};
  for (Part from : parts)
    for (Part by : parts)
      for (Part to : parts) {
        const auto first = conversion(from, by, tensor), second = conversion(by, to, tensor),
                   direct = conversion(from, to, tensor);
        if (!first || !second) continue;
        ASSERT_TRUE(direct) << name(from) << " by " << name(by) << " to " << name(to);
        const auto x = laid(from, tensor, grid, {4, 5}, dice);
        EXPECT_EQ(carry_out(*second, grid, carry_out(*first, grid, x)), carry_out(*direct, grid, x));
      }
}

TEST(MapTable, OnlyWhatARankLacksIsCommunicated) {
  for (MapKind kind : {MapKind::identity, MapKind::broadcast, MapKind::scatter})
    EXPECT_FALSE(communicates(kind));
  for (MapKind kind :
       {MapKind::sum_reduce, MapKind::all_sum_reduce, MapKind::all_gather, MapKind::reduce_scatter,
        MapKind::gather, MapKind::all_to_all, MapKind::log_sum_reduce})
    EXPECT_TRUE(communicates(kind));
}

}  // namespace
}  // namespace heddle::maps
