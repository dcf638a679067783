// The loss a few rows at a time: logits, their cotangent and the row statistics between them never stand
// whole in memory.
#pragma once

#include "heddle/maps/blocks.hpp"
#include "heddle/maps/grid.hpp"
#include "heddle/passes/differentiate.hpp"

namespace heddle::passes {

/// True for the values with rows that Phase::loss makes and nothing else reads: a chunk's rows are all that
/// is ever there of them. What it shares with other phases - its input, the targets, the cotangent of its
/// input - stands whole, and a chunk is some of its rows.
std::vector<bool> inside_loss(const Program& program);

/// The chunks of a rank's rows of a microbatch, as even as blocks of a tensor, as few as Program::loss_rows
/// allows; none where the program has no Phase::loss. Equal on all ranks that share weights' parts, which sum
/// over the vocabulary chunk by chunk.
std::vector<maps::Block> loss_chunks(const Program& program, const maps::Grid& grid, Rank rank,
                                     const graph::Extents& extents);

}  // namespace heddle::passes
