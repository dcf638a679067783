// What is said here is cuDNN's, from 9.12 on. Version 9.19 was asked for heads of 8 to 128 and sequences of 2 to 8192, for compute
// capability 8.0, 9.0 and 10.0: it takes them, and backward asks for these bytes without the slack, for 10.0 for fewer.
#include "heddle/base/fused_attention.hpp"

#include <algorithm>

namespace heddle::fused_attention {
namespace {

/// cuDNN's tiles have at most so many rows; what is left of the last one is filled up.
constexpr std::int64_t tile = 128;
/// Of a call, beside what grows with it. None is documented.
constexpr std::int64_t slack = std::int64_t{1} << 20;
constexpr std::int64_t alignment = 256;

constexpr std::int64_t rounded_up(std::int64_t n, std::int64_t to) { return (n + to - 1) / to * to; }

/// Backward adds up dq in a fixed order: it stores the slopes of all pairs in bf16 and multiplies them by the keys
/// afterwards. Beside them, and forward too, stands one fp32 a row.
std::int64_t bytes_of_head(Pass pass, std::int64_t sequence) {
  const std::int64_t rows = rounded_up(sequence, tile);
  const std::int64_t slopes = pass == Pass::backward ? rows * rows * size_of(DType::bf16) : 0;
  return slopes + rows * size_of(DType::f32);
}

/// [0, count) in as few blocks of at most `most` as there may be, the first ones larger by one.
template <class F>
void each_block(std::int64_t count, std::int64_t most, const F& f) {
  const std::int64_t blocks = (count + most - 1) / most;
  for (std::int64_t block = 0, first = 0; block < blocks; ++block) {
    const std::int64_t size = count / blocks + (block < count % blocks ? 1 : 0);
    f(first, size);
    first += size;
  }
}

}  // namespace

/// A mask of the library's own would have other bits than the host's.
bool takes(const Call& call) {
  return call.stored == DType::bf16 && call.dropout == 0 && call.dim % 8 == 0 && call.dim <= 128 &&
         call.sequence > 1 && call.samples > 0 && call.heads > 0;
}

std::int64_t statistics_bytes(std::int64_t sequence, const Piece& piece) {
  return rounded_up(piece.samples * piece.heads * sequence * size_of(DType::f32), alignment);
}

std::int64_t workspace_bytes(Pass pass, std::int64_t sequence, const Piece& piece) {
  const std::int64_t statistics = pass == Pass::backward ? statistics_bytes(sequence, piece) : 0;
  return statistics + slack + piece.samples * piece.heads * bytes_of_head(pass, sequence);
}

std::vector<Piece> pieces(Pass pass, const Call& call) {
  const auto most = [&](std::int64_t all, const Piece& one) {
    const std::int64_t unit = workspace_bytes(pass, call.sequence, one) - slack;
    return std::clamp<std::int64_t>((workspace_limit - slack) / unit, 1, all);
  };
  std::vector<Piece> cut;
  const std::int64_t heads = most(call.heads, {.samples = 1, .heads = 1});
  const std::int64_t samples = heads < call.heads ? 1 : most(call.samples, {.samples = 1, .heads = heads});
  each_block(call.samples, samples, [&](std::int64_t first_sample, std::int64_t held_samples) {
    each_block(call.heads, heads, [&](std::int64_t first_head, std::int64_t held_heads) {
      cut.push_back({first_sample, held_samples, first_head, held_heads});
    });
  });
  return cut;
}

std::int64_t workspace_bytes(Pass pass, const Call& call) {
  if (!takes(call)) return 0;
  return workspace_bytes(pass, call.sequence, pieces(pass, call).front());
}

}  // namespace heddle::fused_attention
