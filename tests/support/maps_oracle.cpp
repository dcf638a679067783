// A map is carried out in two halves: the group's tensors become the one logical tensor that their layout
// stands for, and that is laid out anew.
#include "maps_oracle.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

namespace heddle::maps {

namespace {

/// The values of `part` of a tensor that covers `holder`.
LocalTensor cut(const LocalTensor& tensor, const Box& holder, const Box& part) {
  LocalTensor piece(part.shape());
  auto out = piece.values.begin();
  for_each_run(holder, part, [&](std::int64_t offset, std::int64_t length) {
    out = std::copy_n(tensor.values.begin() + offset, length, out);
  });
  return piece;
}

/// Adds `piece`, which covers `part`, to a tensor that covers `holder`.
void add(LocalTensor& tensor, const Box& holder, const LocalTensor& piece, const Box& part) {
  auto in = piece.values.begin();
  for_each_run(holder, part, [&](std::int64_t offset, std::int64_t length) {
    const auto out = tensor.values.begin() + offset;
    std::transform(in, in + length, out, out, std::plus<>());
    in += length;
  });
}

/// `box` with another block in one dim.
Box with_block(Box box, int dim, Block block) {
  HEDDLE_EXPECT(dim >= 0 && dim < box.rank());
  box[dim] = block;
  return box;
}

LocalTensor joined(const std::vector<LocalTensor>& parts, int dim) {
  Shape shape = parts.front().shape;
  HEDDLE_EXPECT(dim >= 0 && dim < shape.rank());
  shape[dim] = 0;
  for (const LocalTensor& part : parts) shape[dim] += part.shape[dim];
  LocalTensor whole_tensor(shape);
  std::int64_t begin = 0;
  for (int i = 0; i < static_cast<int>(parts.size()); ++i) {
    const Block block{begin, begin + parts[i].shape[dim]};
    HEDDLE_EXPECT(block == balanced_block(shape[dim], static_cast<int>(parts.size()), i));
    add(whole_tensor, Box(shape), parts[i], with_block(Box(shape), dim, block));
    begin = block.end;
  }
  return whole_tensor;
}

template <class Op>
LocalTensor reduced(const std::vector<LocalTensor>& parts, Op op) {
  LocalTensor result = parts.front();
  for (std::size_t i = 1; i < parts.size(); ++i) {
    HEDDLE_EXPECT(parts[i].shape == result.shape);
    std::transform(result.values.begin(), result.values.end(), parts[i].values.begin(), result.values.begin(),
                   op);
  }
  return result;
}

/// log(e^a + e^b)
double log_of_sum(double a, double b) {
  const double larger = std::max(a, b);
  if (larger == -std::numeric_limits<double>::infinity()) return larger;
  return larger + std::log(std::exp(a - larger) + std::exp(b - larger));
}

/// The logical tensor that a group's tensors stand for; a copied one stands for several and has none.
LocalTensor logical(Part part, const std::vector<LocalTensor>& parts) {
  switch (part.kind) {
    case Part::Kind::partial: return reduced(parts, std::plus<>());
    case Part::Kind::log_partial: return reduced(parts, log_of_sum);
    case Part::Kind::split: return joined(parts, part.dim);
    case Part::Kind::first: return parts.front();
    default:
      HEDDLE_EXPECT(part == whole);
      for (const LocalTensor& copy : parts) HEDDLE_EXPECT(copy == parts.front());
      return parts.front();
  }
}

/// Of a group along the map's axes.
std::vector<int> taking_part(const Map& map, const std::vector<int>& group) {
  if (map.among.empty()) return group;
  std::vector<int> some;
  for (int index : map.among) some.push_back(group[index]);
  return some;
}

}  // namespace

DistributedTensor carry_out(const Map& map, const Grid& grid, const DistributedTensor& x) {
  HEDDLE_EXPECT(static_cast<int>(x.size()) == grid.size());
  if (map.kind == MapKind::identity) return x;
  DistributedTensor y = x;
  const Part to = target(map);
  for (const auto& all_ranks : grid.groups(map.axes)) {
    const std::vector<int> group = taking_part(map, all_ranks);
    std::vector<LocalTensor> parts;
    for (int rank : group) parts.push_back(x[rank]);
    const LocalTensor tensor = logical(source(map), parts);
    const Box all(tensor.shape);
    const int receivers = to == first ? 1 : static_cast<int>(group.size());
    for (int i = 0; i < receivers; ++i)
      y[group[i]] =
          to.kind != Part::Kind::split
              ? tensor
              : cut(tensor, all,
                    with_block(all, to.dim,
                               balanced_block(tensor.shape[to.dim], static_cast<int>(group.size()), i)));
  }
  return y;
}

DistributedTensor carry_out(const TransferPlan& plan, const DistributedTensor& x) {
  HEDDLE_EXPECT(static_cast<int>(x.size()) == plan.ranks());
  DistributedTensor y;
  for (int rank = 0; rank < plan.ranks(); ++rank) {
    HEDDLE_EXPECT(x[rank].shape == plan.source[rank].shape());
    y.emplace_back(plan.target[rank].shape());
  }
  for (const auto& [from, to, box] : plan.transfers)
    add(y[to], plan.target[to], cut(x[from], plan.source[from], box), box);
  return y;
}

double inner_product(const DistributedTensor& x, const DistributedTensor& y) {
  HEDDLE_EXPECT(x.size() == y.size());
  double sum = 0;
  for (std::size_t rank = 0; rank < x.size(); ++rank) {
    HEDDLE_EXPECT(x[rank].shape == y[rank].shape);
    sum = std::inner_product(x[rank].values.begin(), x[rank].values.end(), y[rank].values.begin(), sum);
  }
  return sum;
}

double inner_product(Part part, AxisSet axes, const Grid& grid, const DistributedTensor& x,
                     const DistributedTensor& y) {
  if (part != whole && part != first) return inner_product(x, y);
  DistributedTensor first_x, first_y;
  for (const auto& group : grid.groups(axes)) {
    first_x.push_back(x[group.front()]);
    first_y.push_back(y[group.front()]);
  }
  return inner_product(first_x, first_y);
}

}  // namespace heddle::maps
