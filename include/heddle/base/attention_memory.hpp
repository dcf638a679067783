// What attention works in beside its tensors and the near memory of a GPU's multiprocessors: the workspace of the library, or of
// Heddle's own kernel, whose tiles are not always small enough for near memory. It stands below those who plan memory, where
// there may be no GPU, and those who launch.
#pragma once

#include <cstdint>

#include "heddle/base/fused_attention.hpp"

namespace heddle {

/// Who carries out the attention of a build.
enum class AttentionBy : std::uint8_t {
  host,
  device,   ///< Heddle's own kernel
  library,  ///< a GPU's library, where it takes a call, otherwise Heddle's own
};

/// An upper bound of what one call works in, by whom the call is carried out.
std::int64_t attention_workspace(AttentionBy by, fused_attention::Pass pass,
                                 const fused_attention::Call& call);

}  // namespace heddle

/// Heddle's own kernel: a team of threads takes a block of queries of a head (backward: a head), tile by tile.
namespace heddle::tiled_attention {

using fused_attention::Call, fused_attention::Pass;

/// Queries, and keys, of a GPU's tile.
inline constexpr std::int64_t device_block = 32;
/// A team of a GPU has so much near memory: 48 KiB, of which Kokkos needs some itself.
inline constexpr std::int64_t most_near = std::int64_t{46} << 10;
/// What a team takes is aligned to a cache line.
inline constexpr std::int64_t alignment = 64;
constexpr std::int64_t whole_lines(std::int64_t bytes) {
  return (bytes + alignment - 1) / alignment * alignment;
}

/// What tiles hold: numbers of so many bytes, and whether they are multiplied as pairs of bf16, of 4 bytes.
struct Factors {
  std::int64_t size;
  bool pairs;
};

/// Bytes that a team needs for one tile, forward and backward, of heads of `dim` numbers.
constexpr std::int64_t forward_bytes(Factors of, std::int64_t queries, std::int64_t keys, std::int64_t dim) {
  const std::int64_t factors =
      of.pairs ? 4 * (queries * (dim / 2) + keys / 2 * dim) : of.size * queries * dim;
  return factors + of.size * (2 * keys * queries + queries * dim + 3 * queries) + 8 * alignment;
}
constexpr std::int64_t backward_bytes(Factors of, std::int64_t block, std::int64_t dim) {
  const std::int64_t tile = block * block, strip = block * dim;
  const std::int64_t factors =
      of.pairs ? 4 * (2 * (strip / 2) + 3 * (strip / 2)) + 2 * (2 * tile) : of.size * 2 * strip;
  return factors + of.size * (3 * tile + strip + 2 * block) + 13 * alignment;
}
/// Bytes of dk and dv of a head, which are summed over its blocks of queries apart where they are stored in another type.
constexpr std::int64_t sums_bytes(std::int64_t size, std::int64_t sequence, std::int64_t dim) {
  return size * 2 * sequence * dim + 2 * alignment;
}

/// What a team of a GPU has in its main memory: what is too large for near memory, and sums.
std::int64_t far_bytes(Pass pass, const Call& call);

/// All teams together have at most so much, or one its share. A team that has several tasks does one after the other; nothing is
/// summed over tasks, so that no bit depends on how many teams there are. Heads of 64 numbers of bf16 leave 2^20 / T teams: up to
/// T = 4096 two for each multiprocessor of a Hopper GPU.
inline constexpr std::int64_t workspace_limit = std::int64_t{512} << 20;
/// As many teams as a GPU of today runs at once.
inline constexpr std::int64_t most_teams = 2048;

/// Of all teams of a call on a GPU.
std::int64_t workspace_bytes(Pass pass, const Call& call);

}  // namespace heddle::tiled_attention
