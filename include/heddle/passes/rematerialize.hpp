// Lets backward recompute values that forward would else keep for it: memory for time.
#pragma once

#include "heddle/passes/differentiate.hpp"

namespace heddle::passes {

/// How backward comes by a value that forward made.
enum class Retention : std::uint8_t {
  saved,       ///< it is kept
  cheap,       ///< made by OpDefinition::recompute, from inputs and other outputs of its node
  recomputed,  ///< made by a copy of its node, which makes all of the node's outputs
};

/// By value of a program. What no forward node makes, or backward does not read, does not matter.
using Retentions = std::vector<Retention>;

/// What is recomputed of a block of the model beside what costs nothing (below).
enum class Recompute : std::uint8_t {
  none,
  attention,  ///< attention from its queries, keys and values: "selective" (Korthikanti et al., arXiv 2205.05198)
  block,      ///< all but what other blocks read: "full" (Chen et al., arXiv 1604.06174)
};

/// How backward comes by each value, given what is recomputed of the blocks; blocks beyond the end of the
/// list recompute nothing.
///
/// Whatever the block, what costs little beside what it would keep is recomputed: an output whose op knows a
/// way that reads nothing but what backward reads anyway - GELU, and layer norm from its statistics.
Retentions retentions(const Program& program, const ById<graph::BlockId, Recompute>& by_block);

/// Puts copies of nodes before their first use in backward, and so on to the inputs of a copy that are not
/// kept either: just in time, once. What nobody reads is not made. Maps over other ranks are copied like any
/// other node; one that moves nothing follows its input. A copy belongs to I if anything of I reads it, else
/// to W, so what W reads of I's copies is kept from I to W. Copies are marked in Node::recomputed. Dropout
/// draws from counters: every copy makes the same bits.
Program rematerialize(Program program, const Retentions& retentions);

}  // namespace heddle::passes
