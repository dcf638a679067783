// Tensors whose elements are known, cut over the ranks, as shards of a checkpoint.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "../../support/mpi_world.hpp"
#include "heddle/io/checkpoint_writer.hpp"

namespace heddle::io {

/// Element i of every tensor is i, and a bit that only a double keeps.
template <class T>
T element(std::int64_t i) {
  return static_cast<T>(static_cast<double>(i) + 1e-12);
}

/// This rank's block of dim `dim`, in uneven cuts: the first rank's is the smallest and may be empty.
struct Block {
  Shape begin, extents;
  Block(const Shape& global, int dim, int rank, int ranks) : begin(global), extents(global) {
    for (int d = 0; d < global.rank(); ++d) begin[d] = 0;
    const auto cut = [&](int r) { return global[dim] * r * r / (ranks * ranks); };
    begin[dim] = cut(rank);
    extents[dim] = cut(rank + 1) - cut(rank);
  }
};

template <class T>
std::vector<T> values_of(const Shape& global, const Block& block) {
  std::vector<T> values;
  for (std::int64_t i = 0; i < block.extents.count(); ++i) {
    std::int64_t rest = i, index = 0;
    for (int dim = 0; dim < global.rank(); ++dim) {
      const std::int64_t inner = block.extents.count(dim + 1, global.rank());
      index = index * global[dim] + block.begin[dim] + rest / inner;
      rest %= inner;
    }
    values.push_back(element<T>(index));
  }
  return values;
}

template <class T>
struct Owned {
  std::vector<T> values;
  Shard shard;
  Owned(const std::string& dataset, const Shape& global, int dim, bool writes = true) {
    const auto& world = tests::world();
    const Block block(global, dim, writes ? world.rank() : 0, writes ? world.size() : 1);
    values = values_of<T>(global, block);
    shard = {dataset, global, block.begin, Tensor{values.data(), dtype_of<T>(), block.extents}, writes};
  }
};

template <class T>
void expect_block(const Checkpoint& file, const std::string& dataset, const Shape& global,
                  const Block& block) {
  std::vector<T> values(static_cast<std::size_t>(block.extents.count()), T(-1));
  file.read(dataset, global, block.begin, Tensor{values.data(), dtype_of<T>(), block.extents});
  EXPECT_EQ(values, values_of<T>(global, block)) << dataset;
}

}  // namespace heddle::io
