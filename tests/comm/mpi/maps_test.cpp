// Every row of the map table over real ranks: equal to the one-process oracle, <F x, y> = <x, F* y>, the
// same bits twice.
#include <gtest/gtest.h>

#include <cmath>

#include "heddle/comm/apply.hpp"
#include "heddle/comm/collectives.hpp"
#include "heddle/comm/gather.hpp"
#include "local_tensors.hpp"

namespace heddle::comm::tests {
namespace {

using maps::AxisSet, maps::DistributedTensor, maps::Map, maps::MapKind, maps::Part;

std::vector<Map> every_map(AxisSet axes, int dims) {
  std::vector<Map> table;
  for (MapKind kind : {MapKind::identity, MapKind::broadcast, MapKind::sum_reduce, MapKind::all_sum_reduce,
                       MapKind::log_sum_reduce, MapKind::sum_to_first, MapKind::broadcast_from_first})
    table.push_back({kind, axes});
  for (int dim = 0; dim < dims; ++dim) {
    for (MapKind kind : {MapKind::all_gather, MapKind::reduce_scatter, MapKind::scatter, MapKind::gather})
      table.push_back({kind, axes, dim});
    for (int target = 0; target < dims; ++target)
      if (target != dim) table.push_back({MapKind::all_to_all, axes, dim, target});
  }
  return table;
}

// A tensor of shape `global` in each group, lying as `part` over it.
DistributedTensor lay(const Shape& global, Part part, AxisSet axes, const maps::Grid& grid, Numbers numbers,
                      std::uint64_t key) {
  DistributedTensor x(grid.size());
  for (const auto& group : grid.groups(axes))
    for (std::size_t i = 0; i < group.size(); ++i) {
      Shape shape = global;
      if (part.kind == Part::Kind::split)
        shape[part.dim] =
            maps::balanced_block(global[part.dim], static_cast<int>(group.size()), static_cast<int>(i))
                .size();
      x[group[i]] = draw(shape, numbers, key, part == maps::whole ? group[0] : group[i]);
    }
  return x;
}

maps::LocalTensor over_mpi(const Map& map, const CartesianGrid& grid, DType dtype, const DistributedTensor& x,
                           const Shape& target) {
  Owned in(dtype, x[grid.rank()]), out(dtype, target);
  complete(start(map, grid, in.view(), out.view(), lane()), maps::name(map));
  return out.values();
}

// This rank's share of <x, y>; of a tensor that is whole, or the first rank's, the first rank of
// each group counts.
double share(const maps::LocalTensor& x, const maps::LocalTensor& y, Part part, AxisSet axes,
             const CartesianGrid& grid) {
  if ((part == maps::whole || part == maps::first) && grid.shape().index_in(axes, grid.rank()) != 0) return 0;
  double sum = 0;
  for (std::size_t i = 0; i < x.values.size(); ++i) sum += x.values[i] * y.values[i];
  return sum;
}

double tolerance(DType dtype, Numbers numbers) {
  if (numbers == Numbers::small_integers) return 0;
  return dtype == DType::f32 ? 2e-5 : 1e-13;
}

void expect_near(const maps::LocalTensor& actual, const maps::LocalTensor& expected, double tolerance) {
  ASSERT_EQ(actual.shape, expected.shape);
  for (std::size_t i = 0; i < actual.values.size(); ++i)
    ASSERT_NEAR(actual.values[i], expected.values[i], tolerance);
}

void expect_as_the_oracle(const Map& map, const CartesianGrid& grid, const Shape& global, DType dtype,
                          Numbers numbers) {
  const int me = grid.rank();
  // A log-sum-exp rounds whatever it is of.
  const double near = tolerance(dtype, map.kind == MapKind::log_sum_reduce ? Numbers::reals : numbers);
  const auto x = lay(global, maps::source(map), map.axes, grid.shape(), numbers, 1);
  const auto expected = maps::carry_out(map, grid.shape(), x);
  const auto actual = over_mpi(map, grid, dtype, x, expected[me].shape);
  expect_near(actual, expected[me], near);
  if (map.kind == MapKind::log_sum_reduce) return;

  const Map back = maps::adjoint(map);
  const auto y = lay(global, maps::source(back), map.axes, grid.shape(), numbers, 2);
  const auto returned = over_mpi(back, grid, dtype, y, x[me].shape);
  const double left = all_sum(grid.along(maps::Axis::data | maps::Axis::pipeline | maps::Axis::tensor),
                              share(actual, y[me], maps::target(map), map.axes, grid), "<F x, y>");
  const double right = all_sum(grid.along(maps::Axis::data | maps::Axis::pipeline | maps::Axis::tensor),
                               share(x[me], returned, maps::source(map), map.axes, grid), "<x, F* y>");
  EXPECT_NEAR(left, right, near * 100 * (1 + std::abs(left)));
}

// What bf16 is moved by, there and back; the library's own sums would add its bits.
bool by_blocks(const Map& map) { return map.dim >= 0; }

class Maps : public testing::TestWithParam<Shape> {};
// Dims that every group divides, that none does, and that leave ranks without anything.
INSTANTIATE_TEST_SUITE_P(Shapes, Maps,
                         testing::Values(Shape{2, 8, 8}, Shape{3, 9, 7}, Shape{3, 1, 2}, Shape{5, 0, 4}));

TEST_P(Maps, do_what_the_oracle_does) {
  for (const auto& shape : grids_of_this_size()) {
    CartesianGrid grid(world(), shape, axis_sets());
    for (AxisSet axes : axis_sets())
      for (const Map& map : every_map(axes, GetParam().rank())) {
        SCOPED_TRACE(maps::name(shape) + ": " + maps::name(map));
        if (map.kind != MapKind::log_sum_reduce)  // of real numbers only
          expect_as_the_oracle(map, grid, GetParam(), DType::i32, Numbers::small_integers);
        if (by_blocks(map)) expect_as_the_oracle(map, grid, GetParam(), DType::bf16, Numbers::small_integers);
        expect_as_the_oracle(map, grid, GetParam(), DType::f32, Numbers::reals);
        expect_as_the_oracle(map, grid, GetParam(), DType::f64, Numbers::small_integers);
        expect_as_the_oracle(map, grid, GetParam(), DType::f64, Numbers::reals);
      }
  }
}

TEST(MapsOnce, give_the_same_bits_twice_and_on_every_rank) {
  CartesianGrid grid(world(), maps::Grid({1, 1, world().size()}), axis_sets());
  const Communicator& all = grid.along(maps::Axis::tensor);
  for (std::int64_t rows : {1, 37, 20011})
    for (MapKind kind : {MapKind::all_sum_reduce, MapKind::log_sum_reduce, MapKind::reduce_scatter}) {
      const Map map{kind, maps::Axis::tensor, kind == MapKind::reduce_scatter ? 0 : -1};
      const Owned in(DType::f32, draw({rows, 5}, Numbers::reals, 7, world().rank()));
      const bool scattered = kind == MapKind::reduce_scatter;
      const Shape result{scattered ? maps::balanced_block(rows, all.size(), all.rank()).size() : rows, 5};
      const Owned first(DType::f32, result), again(DType::f32, result);
      complete(start(map, grid, in.view(), first.view(), lane()));
      complete(start(map, grid, in.view(), again.view(), lane()));
      EXPECT_EQ(first.bytes(), again.bytes());
      if (scattered) continue;
      for (const auto& theirs :
           gather_rows<std::byte>(all, first.bytes(), Receivers::all, "the ranks' results"))
        EXPECT_EQ(first.bytes(), theirs);
    }
}

TEST(MapsOnce, sums_of_bf16_are_rounded_once) {
  CartesianGrid grid(world(), maps::Grid({1, 1, world().size()}), axis_sets());
  const int n = world().size();
  // 256 and then ones, the largest term first or last: beyond 256 each one by itself would be rounded away.
  for (int large : {0, n - 1}) {
    const Owned in(DType::bf16, maps::LocalTensor({n, 3}, world().rank() == large ? 256.0 : 1.0));
    const Owned out(DType::bf16, Shape{1, 3});
    complete(start({MapKind::reduce_scatter, maps::Axis::tensor, 0}, grid, in.view(), out.view(), lane()));
    EXPECT_EQ(out.values(), maps::LocalTensor({1, 3}, static_cast<float>(BFloat16(256.0f + n - 1))));
  }
}

TEST(MapsOnce, sum_what_takes_many_calls_of_the_library) {  // the last of them shorter than the others
  CartesianGrid grid(world(), maps::Grid({world().size(), 1, 1}), axis_sets());
  constexpr std::int64_t count = 3'000'017;
  const int n = world().size();
  maps::LocalTensor numbers({count}), sums({count});
  for (std::int64_t i = 0; i < count; ++i) {
    numbers.values[i] = static_cast<double>(i % 1009 + world().rank());
    sums.values[i] = static_cast<double>(i % 1009 * n + n * (n - 1) / 2);
  }
  const Owned x(DType::i32, numbers);
  complete(start({MapKind::sum_reduce, maps::Axis::data}, grid, x.view(), x.view(), lane()));
  ASSERT_TRUE(x.values() == sums);
}

TEST(MapsOnce, run_several_at_a_time) {
  CartesianGrid grid(world(), maps::Grid({1, 1, world().size()}), axis_sets());
  const int n = world().size();
  const Map gather{MapKind::all_gather, maps::Axis::tensor, 0}, scatter = maps::adjoint(gather);
  Owned in(DType::f64, draw({4 * n, 3}, Numbers::small_integers, 9, world().rank()));
  Owned a(DType::f64, Shape{4, 3}), b(DType::f64, Shape{4, 3}), c(DType::f64, Shape{4 * n, 3});
  Request first = start(scatter, grid, in.view(), a.view(), lane());
  Request second = start(scatter, grid, in.view(), b.view(), lane());
  wait(second, {"the second reduce-scatter"});
  wait(first, {"the first reduce-scatter"});
  EXPECT_EQ(a.bytes(), b.bytes());
  complete(start(gather, grid, a.view(), c.view(), lane()));
  double sum = 0, expected = 0;
  for (double value : c.values().values) sum += value;
  for (double value : in.values().values) expected += value;
  EXPECT_EQ(sum, all_sum(world().all(), expected, "the sum of everything"));
}

TEST(MapsOnce, reduce_in_place) {
  Owned x(DType::i32, maps::LocalTensor({3}, world().rank() + 1.0));
  CartesianGrid grid(world(), maps::Grid({world().size(), 1, 1}), axis_sets());
  complete(start({MapKind::sum_reduce, maps::Axis::data}, grid, x.view(), x.view(), lane()));
  const int n = world().size();
  EXPECT_EQ(x.values(), maps::LocalTensor({3}, n * (n + 1) / 2.0));
}

}  // namespace
}  // namespace heddle::comm::tests
