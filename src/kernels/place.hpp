// An element's index in the whole tensor, of which a rank holds a block.
#pragma once

#include <cstdint>

#include "heddle/kernels/box.hpp"
#include "kokkos_compat.hpp"

namespace heddle::kernels {

/// Rows of a block, a row being its last dim: a run of neighbours, of the block as of the whole.
inline std::int64_t row_length(const Shape& local) { return local.rank() == 0 ? 1 : local[local.rank() - 1]; }
inline std::int64_t row_count(const Shape& local) {
  return row_length(local) == 0 ? 0 : local.count() / row_length(local);
}

/// Flat index in the whole tensor of the first element of row `row`.
KOKKOS_INLINE_FUNCTION std::int64_t global_index(const Shape& local, const Box& box, std::int64_t row) {
  std::int64_t index = 0, stride = 1;
  for (int dim = local.rank() - 1; dim >= 0; --dim) {
    const bool last = dim == local.rank() - 1;
    index += (box.begin[dim] + (last ? 0 : row % local[dim])) * stride;
    if (!last) row /= local[dim];
    stride *= box.global[dim];
  }
  return index;
}

}  // namespace heddle::kernels
