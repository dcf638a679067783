// What is true of a program's values, whoever runs or plans it.
#pragma once

#include <vector>

#include "heddle/maps/blocks.hpp"
#include "heddle/passes/differentiate.hpp"

namespace heddle::exec {

/// Of every value: do nodes add to it in every microbatch? Gradients, and the loss.
inline std::vector<bool> summed_values(const passes::Program& program) {
  std::vector<bool> summed(program.graph.values.size());
  for (const passes::Trained& trained : program.trained)
    for (graph::ValueId sum : trained.sums) summed[sum] = true;
  if (program.loss >= 0) summed[program.loss] = true;
  return summed;
}

/// The rows of a chunk of the loss, of a tensor that has rows. What never leaves the loss has memory for one chunk, at whose
/// begin every chunk lies.
inline Tensor chunk_of(Tensor rows, bool inside_loss, const maps::Block& chunk) {
  const std::int64_t row_bytes = rows.shape.count(1, rows.shape.rank()) * size_of(rows.dtype);
  if (!inside_loss) rows.data = static_cast<std::byte*>(rows.data) + chunk.begin * row_bytes;
  rows.shape[0] = chunk.size();
  return rows;
}

}  // namespace heddle::exec
