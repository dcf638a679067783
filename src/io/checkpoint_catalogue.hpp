// What datasets a checkpoint has, put together from what each rank holds of it.
#pragma once

#include <map>
#include <span>
#include <string>

#include "heddle/io/checkpoint.hpp"

namespace heddle::io {

/// One dataset as one rank knows it: plain bytes, so that ranks can exchange it.
struct Announcement {
  char dataset[232];
  Shape global;
  DType dtype;
  std::int64_t written;  ///< elements that ranks say they write
};

using Catalogue = std::map<std::string, Announcement>;

/// Collective. Every dataset once, in the same order on every rank. A dataset that is not written whole, or
/// whose ranks disagree about it, is a mistake that would otherwise be found when the checkpoint is needed:
/// Error on every rank.
Catalogue agree_on_catalogue(const comm::Communicator& ranks, std::span<const Shard> shards);

}  // namespace heddle::io
