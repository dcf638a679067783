// Measures what the machine of this run gives, and writes it as the [machine] that heddle simulate believes in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "heddle/base/dtype.hpp"
#include "heddle/comm/world.hpp"
#include "heddle/deck/deck.hpp"

namespace heddle::bench {

/// Of one call on one rank.
struct AttentionShape {
  DType dtype;
  std::int64_t samples, sequence, heads, head_dim;
  double dropout = 0;
};
/// A microbatch of the deck's on its grid.
AttentionShape attention_of(const deck::Deck& deck);

struct MachineSettings {
  std::string file;                              ///< TOML to write
  bool overwrite = false;                        ///< whatever is there
  std::optional<AttentionShape> attention = {};  ///< none: GPT-2 124M's
};
/// Prints a table and writes the file. Collective over the world. Throws Error(usage), before anything is measured, where
/// the file is there already.
void measure_machine(comm::World& world, const MachineSettings& settings);

}  // namespace heddle::bench
