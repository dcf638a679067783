// What a rank writes to a checkpoint: its part of every parameter and moment.
#pragma once

#include <vector>

#include "heddle/io/checkpoint_writer.hpp"
#include "heddle/train/parameters.hpp"

namespace heddle::session {

/// Good for as long as the parameters' tensors are there and stay as they are, and the host reads them. What another rank writes is
/// told, and not read.
std::vector<io::Shard> shards_of(const std::vector<train::TrainedParameter>& parameters);

}  // namespace heddle::session
