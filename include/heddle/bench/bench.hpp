// Times a deck's training step piece by piece and holds it against what this machine gives.
#pragma once

#include <cstdint>
#include <string>

#include "heddle/comm/world.hpp"
#include "heddle/deck/deck.hpp"

namespace heddle::bench {

struct Settings {
  std::int64_t steps = 5;  ///< of each kind
  std::string json;        ///< file to write; empty: none
  bool overwrite = false;  ///< whatever is there
  bool by_tensor = false;  ///< a row an op and tensor, not only an op
};

/// Trains on made-up tokens and prints where a step's time goes. Collective over the world.
void run(const deck::Deck& deck, comm::World& world, const Settings& settings);

}  // namespace heddle::bench
