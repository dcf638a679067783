// Partitions and the plans between them.
#include "heddle/maps/repartition.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <utility>

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

[[noreturn]] void refuse(const std::string& problem, const std::string& why, const std::string& fix) {
  throw Error(ExitCode::failure, problem, why, fix);
}

/// The blocks of each dim lie side by side from 0 on.
void check_blocks(const Partition& partition) {
  for (std::size_t dim = 0; dim < partition.blocks.size(); ++dim) {
    std::int64_t end = 0;
    for (const Block& block : partition.blocks[dim]) {
      if (block.begin != end || block.end < end)
        refuse(fmt::format("a block [{}, {}) of dim {} does not begin where the one before it ends, at {}",
                           block.begin, block.end, dim, end),
               "the blocks of a partition hold each element once", "give them in order, from 0 on");
      end = block.end;
    }
    if (partition.blocks[dim].empty())
      refuse(fmt::format("dim {} of a partition has no block", dim), "", "give one that covers it");
  }
}

/// What each of `world` ranks holds if `ranks` stand at the places of `parts`, row-major, the last dims
/// of which are those of the partition: along these a place has its block, or that of all where there
/// is but one.
std::vector<Box> held(const Partition& partition, const Shape& parts, const std::vector<int>& ranks,
                      int world) {
  if (parts.count() != static_cast<std::int64_t>(ranks.size()))
    refuse(fmt::format("a partition into ({}) parts has {} ranks", fmt::join(parts, ","), ranks.size()),
           "each part is one rank's", fmt::format("give {} ranks", parts.count()));
  const int dims = static_cast<int>(partition.blocks.size());
  std::vector<Box> boxes(world, Box::nothing(dims));
  std::vector<bool> taken(world, false);
  for (std::size_t place = 0; place < ranks.size(); ++place) {
    const int rank = ranks[place];
    if (rank < 0 || rank >= world || taken[rank])
      refuse(
          fmt::format("rank {} cannot hold part {} of a partition", rank, place),
          rank >= 0 && rank < world ? "it holds another" : fmt::format("there are ranks 0 to {}", world - 1),
          "give each part a rank of its own");
    const Shape index = place_index(parts, static_cast<std::int64_t>(place));
    for (int dim = 0; dim < dims; ++dim) {
      const auto& blocks = partition.blocks[dim];
      boxes[rank][dim] = blocks[blocks.size() == 1 ? 0 : index[parts.rank() - dims + dim]];
    }
    taken[rank] = true;
  }
  return boxes;
}

}  // namespace

Shape Partition::parts() const {
  Shape parts;
  for (const auto& of_dim : blocks) parts.push_back(static_cast<std::int64_t>(of_dim.size()));
  return parts;
}

Shape Partition::global() const {
  Shape shape;
  for (const auto& of_dim : blocks) shape.push_back(of_dim.back().end);
  return shape;
}

Partition balanced_partition(const Shape& global, const Shape& parts, std::vector<int> ranks) {
  if (global.rank() != parts.rank())
    refuse(fmt::format("a tensor of {} dims cannot be cut into ({}) parts", global.rank(),
                       fmt::join(parts, ",")),
           "each dim has a number of parts", "give one for each dim, 1 where it is not cut");
  for (int dim = 0; dim < parts.rank(); ++dim)
    if (parts[dim] < 1)
      refuse(fmt::format("dim {} cannot be cut into {} parts", dim, parts[dim]), "", "give at least 1");
  Partition partition{{}, std::move(ranks)};
  for (int dim = 0; dim < global.rank(); ++dim)
    partition.blocks.push_back(balanced_blocks(global[dim], static_cast<int>(parts[dim])));
  return partition;
}

std::vector<Box> boxes(const Partition& partition, int world) {
  return held(partition, partition.parts(), partition.ranks, world);
}

TransferPlan repartition(const Partition& from, const Partition& to, int world) {
  check_blocks(from);
  check_blocks(to);
  if (from.global() != to.global())
    refuse(fmt::format("a partition of a ({}) tensor cannot become one of a ({}) tensor",
                       fmt::join(from.global(), ","), fmt::join(to.global(), ",")),
           "a repartition moves the elements of one tensor", "give two partitions of the same shape");
  return fill(boxes(from, world), boxes(to, world));
}

TransferPlan broadcast(const Partition& from, const Shape& parts, const std::vector<int>& ranks, int world) {
  check_blocks(from);
  const Shape few = from.parts();
  const int added = parts.rank() - few.rank();
  bool fits = added >= 0;
  for (int dim = 0; fits && dim < few.rank(); ++dim) fits = few[dim] == parts[added + dim] || few[dim] == 1;
  if (!fits)
    refuse(fmt::format("a tensor in ({}) parts cannot be broadcast over ({}) ranks", fmt::join(few, ","),
                       fmt::join(parts, ",")),
           "the last dims of both stand over each other, and it is copied only along dims of one part and "
           "such as it "
           "has not",
           "repartition it first");
  return fill(boxes(from, world), held(from, parts, ranks, world));
}

TransferPlan sum_reduce(const Partition& to, const Shape& parts, const std::vector<int>& ranks, int world) {
  return adjoint(broadcast(to, parts, ranks, world));
}

}  // namespace heddle::maps
