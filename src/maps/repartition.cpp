// Partitions and the plans between them.
#include "heddle/maps/repartition.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace heddle::maps {

namespace {

/// The index in each dim of the place-th block, row-major over `parts`.
Shape place_index(const Shape& parts, std::int64_t place) {
  Shape index = parts;
  for (int dim = parts.rank() - 1; dim >= 0; --dim) {
    index[dim] = place % parts[dim];
    place /= parts[dim];
  }
  return index;
}

}  // namespace

Shape Partition::parts() const {
  Shape parts;
  for (const auto& of_dim : blocks) parts.push_back(static_cast<std::int64_t>(of_dim.size()));
  return parts;
}

Box Partition::box(int place) const {
  const Shape index = place_index(parts(), place);
  Box box;
  for (int dim = 0; dim < index.rank(); ++dim) box.push_back(blocks[dim][index[dim]]);
  return box;
}

Partition balanced_partition(const Shape& global, const Shape& parts, std::vector<int> ranks) {
  HEDDLE_EXPECT(global.rank() == parts.rank());
  Partition partition{{}, std::move(ranks)};
  for (int dim = 0; dim < global.rank(); ++dim)
    partition.blocks.push_back(balanced_blocks(global[dim], static_cast<int>(parts[dim])));
  return partition;
}

std::vector<Box> boxes(const Partition& partition, int world) {
  const Shape parts = partition.parts();
  HEDDLE_EXPECT(parts.count() == static_cast<std::int64_t>(partition.ranks.size()));
  Box idle;
  for (int dim = 0; dim < parts.rank(); ++dim) idle.push_back({0, 0});
  std::vector<Box> held(world, idle);
  std::vector<bool> taken(world, false);
  for (int place = 0; place < parts.count(); ++place) {
    const int rank = partition.ranks[place];
    HEDDLE_EXPECT(rank >= 0 && rank < world && !taken[rank]);
    held[rank] = partition.box(place);
    taken[rank] = true;
  }
  return held;
}

TransferPlan repartition(const Partition& from, const Partition& to, int world) {
  HEDDLE_EXPECT(from.blocks.size() == to.blocks.size());
  for (std::size_t dim = 0; dim < from.blocks.size(); ++dim)
    HEDDLE_EXPECT(from.blocks[dim].back().end == to.blocks[dim].back().end);
  return fill(boxes(from, world), boxes(to, world));
}

TransferPlan broadcast(const Partition& from, const Shape& parts, const std::vector<int>& ranks, int world) {
  const Shape few = from.parts();
  bool fits = few.rank() == parts.rank();
  for (int dim = 0; fits && dim < few.rank(); ++dim) fits = few[dim] == parts[dim] || few[dim] == 1;
  if (!fits)
    throw Error(ExitCode::failure,
                fmt::format("a tensor in ({}) parts cannot be broadcast over ({}) ranks", fmt::join(few, ","),
                            fmt::join(parts, ",")),
                "it is copied only along dims of one part", "repartition it first");
  Partition copies{from.blocks, ranks};
  for (int dim = 0; dim < parts.rank(); ++dim)
    copies.blocks[dim].resize(parts[dim], from.blocks[dim].front());
  return fill(boxes(from, world), boxes(copies, world));
}

TransferPlan sum_reduce(const Partition& to, const Shape& parts, const std::vector<int>& ranks, int world) {
  return adjoint(broadcast(to, parts, ranks, world));
}

}  // namespace heddle::maps
