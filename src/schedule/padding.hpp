// Logits have more columns in memory than a rank has tokens, where products want a multiple of some number: an odd distance
// between rows costs cuBLASLt on Hopper four fifths of its speed. So that every product of theirs takes what is there as it
// lies, rows of zeros stand behind the table that they are products with.
//   logits = x table^T: padding columns are products with zeros, and nobody reads them.
//   dx = dlogits table: the cross entropy writes zeros there, which meet rows of zeros.
//   dtable = dlogits^T x: its padding rows are zero, and nobody reads them.
// Rows behind a table are no part of its tensor. Zeros stand there because the arena is zeroed, and remain since nobody writes there.
#pragma once

#include <vector>

#include "heddle/passes/differentiate.hpp"

namespace heddle::schedule {

constexpr std::int64_t filled_up(std::int64_t count, std::int64_t multiple) {
  return (count + multiple - 1) / multiple * multiple;
}

enum class Padded : std::uint8_t {
  no,
  columns,  ///< logits and their cotangent, dim 1
  rows,     ///< tables and their gradients, dim 0
};

/// Of every value. Nothing is padded where an op that takes a row of logits for all of its memory sees them - the bias
/// of a head, say - where they leave Phase::loss, or where a table does not live as long as the run.
std::vector<Padded> padded_values(const passes::Program& program);

}  // namespace heddle::schedule
