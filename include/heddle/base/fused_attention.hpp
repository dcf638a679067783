// Attention as one call of a GPU's library: which calls it takes, the pieces that a call is cut into, and the memory
// that it works in. It stands below those who plan memory, where there may be no GPU to ask, and those who launch.
#pragma once

#include <cstdint>
#include <vector>

#include "heddle/base/dtype.hpp"

namespace heddle::fused_attention {

/// The sizes of a call, and the rate of its dropout.
struct Call {
  DType stored = DType::f32;
  std::int64_t samples = 0, sequence = 0, heads = 0, dim = 0;
  double dropout = 0;
};
enum class Pass { forward, backward };

/// Is this the library's? What it is not stays with Heddle's own kernel.
bool takes(const Call& call);

/// Some heads of some samples. No sum of attention goes over either, so cutting changes no sum's order.
struct Piece {
  std::int64_t first_sample = 0, samples = 0, first_head = 0, heads = 0;

  friend bool operator==(const Piece&, const Piece&) = default;
};

/// Where backward keeps row statistics [samples, heads, sequence] of fp32 in its workspace; the library's begins behind.
std::int64_t statistics_bytes(std::int64_t sequence, const Piece& piece);
/// An upper bound of what one piece works in, these statistics included.
std::int64_t workspace_bytes(Pass pass, std::int64_t sequence, const Piece& piece);

/// Backward takes T x T numbers of bf16 a head, so that this is 2^28 / T^2 heads: with a block of threads for 128 keys
/// 2^21 / T blocks, enough for a Hopper's 132 multiprocessors up to T = 16384. Of its memory it is less than a hundredth.
inline constexpr std::int64_t workspace_limit = std::int64_t{512} << 20;

/// The pieces of a call, run one after the other in one workspace: as few as keep it below the limit, of numbers of samples
/// or heads that differ by one at most. One head of one sample is not cut, however much it takes. The first is the largest.
std::vector<Piece> pieces(Pass pass, const Call& call);

/// What the largest piece takes; nothing for what is not the library's.
std::int64_t workspace_bytes(Pass pass, const Call& call);

}  // namespace heddle::fused_attention
