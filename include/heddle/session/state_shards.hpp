// What a rank writes to a checkpoint: its part of every parameter and moment.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "heddle/io/checkpoint_writer.hpp"
#include "heddle/session/trainer.hpp"

namespace heddle::session {

/// Good for as long as this lives, and, unless they are copies, until the next step.
struct StateShards {
  std::vector<io::Shard> shards;
  std::vector<lanes::OnHost> held;  ///< memory of those that were brought from a device or made wider
};

/// Of what another rank writes only place and type are told. Waits for the trainer's lane.
StateShards state_shards(const Trainer& trainer);
/// The same as copies: in `copy`, of plan::checkpoint_copy bytes, where the host could see the state as it lies.
StateShards copied_state_shards(const Trainer& trainer, std::span<std::byte> copy);

}  // namespace heddle::session
