// Halo arithmetic of sliding kernels (convolution, pooling, attention windows): which inputs a rank's
// outputs need. After Hewett & Grady, arXiv 2006.03108, sections 3 and 4; the exchange itself is a transfer
// plan from the owned boxes to the needed ones, so corners and halos wider than a neighbour's block need no
// rounds of their own.
#pragma once

#include <vector>

#include "heddle/maps/transfer.hpp"

namespace heddle::maps {

/// A kernel that slides along one dim of n elements, laid over `parts` ranks. Output j reads the inputs
/// j stride - padding_left + dilation {0 .. kernel-1}; those outside [0, n) are padding.
struct SlidingWindow {
  std::int64_t n = 0;
  int parts = 1;
  std::int64_t kernel = 1, stride = 1, padding_left = 0, padding_right = 0, dilation = 1;
};

/// One rank's share of one dim.
struct HaloBlock {
  Block owned;   ///< its balanced block of the input
  Block output;  ///< its balanced block of the output
  Block window;  ///< the inputs its outputs read, padding included: may reach below 0 and beyond n; empty
                 ///< without outputs
  Block needed;  ///< the part of the window inside [0, n): what it holds after the exchange
};

/// How far a rank's needs reach beyond its own block, as DistDL counts: the first block counts the left
/// padding as its own, the last one the right padding. Negative: the rank owns more than it needs, and its
/// bulk is trimmed. Both are minus the owned halves (all trimmed away) where a rank has no outputs.
struct HaloWidth {
  std::int64_t left = 0, right = 0;
  friend bool operator==(const HaloWidth&, const HaloWidth&) = default;
};

/// floor((n + padding - dilation (kernel - 1) - 1) / stride) + 1, or 0 where the kernel does not fit.
std::int64_t output_size(const SlidingWindow& window);
HaloBlock halo_block(const SlidingWindow& window, int index);
HaloWidth halo_width(const SlidingWindow& window, int index);

/// The exchange over the product of `dims` (1 to 3 of them, or more): `ranks[place]` sits at `place`,
/// row-major over the parts. Afterwards each rank holds its needed box. The adjoint adds what was lent back
/// into the bulk.
TransferPlan halo_exchange(const std::vector<SlidingWindow>& dims, const std::vector<int>& ranks, int world);

}  // namespace heddle::maps
