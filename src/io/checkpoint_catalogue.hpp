// What datasets a checkpoint has and who writes which part of each, put together from what each rank holds of it.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "heddle/io/checkpoint_writer.hpp"

namespace heddle::io {

/// A dataset. Rank 0 alone knows its parts.
struct Listed {
  Shape global;
  DType dtype = DType::f32;
  std::vector<std::vector<maps::Box>> parts = {};  ///< by rank

  std::int64_t bytes() const { return global.count() * size_of(dtype); }
};
using Catalogue = std::map<std::string, Listed>;

/// Which part of its dataset it is.
maps::Box box_of(const Shard& shard);

/// Collective. Every dataset once, on rank 0; empty elsewhere. One that is not written whole, or whose ranks disagree about it, is a mistake that
/// would otherwise be found when the checkpoint is needed: the same Error on every rank.
Catalogue catalogue_of(const comm::Communicator& ranks, std::span<const Shard> shards);

}  // namespace heddle::io
