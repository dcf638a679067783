// Which attention is a GPU library's, how it is cut, and that the bound of its workspace holds what was measured.
#include "heddle/base/fused_attention.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace heddle::fused_attention {
namespace {

constexpr std::int64_t mebibyte = std::int64_t{1} << 20;

Call call_of(std::int64_t samples, std::int64_t heads, std::int64_t sequence, std::int64_t dim) {
  return {DType::bf16, samples, sequence, heads, dim, 0};
}

TEST(FusedAttention, IsTheLibrarysWhereTheTableSaysSo) {
  for (const std::int64_t dim : {8, 16, 24, 64, 80, 96, 128})
    EXPECT_TRUE(takes(call_of(2, 3, 100, dim))) << "heads of " << dim;
  for (const std::int64_t dim : {1, 4, 12, 63, 65, 136, 256})
    EXPECT_FALSE(takes(call_of(2, 3, 100, dim))) << "heads of " << dim;
  EXPECT_TRUE(takes(call_of(1, 1, 2, 64)));
  EXPECT_FALSE(takes(call_of(4, 1, 1, 64))) << "cuDNN refuses a sequence of one row";
  EXPECT_FALSE(takes(call_of(0, 1, 64, 64))) << "nothing";
  for (const DType stored : {DType::f32, DType::f64})
    EXPECT_FALSE(takes({stored, 2, 128, 4, 64, 0})) << name(stored);
  EXPECT_FALSE(takes({DType::bf16, 2, 128, 4, 64, 0.1})) << "dropout's mask must be the host's, bit by bit";
}

TEST(FusedAttention, WhatIsNotTheLibrarysTakesNoWorkspace) {
  EXPECT_EQ(workspace_bytes(Pass::backward, {DType::bf16, 2, 128, 4, 64, 0.1}), 0);
  EXPECT_EQ(workspace_bytes(Pass::forward, {DType::f32, 2, 128, 4, 64, 0}), 0);
}

/// cuDNN 9.19 on a Hopper GPU, deterministic: B x H x T x D and MiB, rounded up.
TEST(FusedAttention, TheBoundHoldsWhatWasMeasured) {
  struct Measured {
    std::int64_t samples, heads, sequence, dim, mebibytes;
  };
  for (const Measured& m : {Measured{32, 12, 1024, 64, 770}, Measured{16, 28, 1024, 128, 898},
                            Measured{2, 28, 8192, 128, 7170}}) {
    const Piece whole{0, m.samples, 0, m.heads};
    const std::int64_t bound = workspace_bytes(Pass::backward, m.sequence, whole);
    const std::int64_t library = bound - statistics_bytes(m.sequence, whole);
    EXPECT_GE(library, m.mebibytes * mebibyte) << m.samples << " samples of " << m.sequence;
    EXPECT_LE(bound, m.mebibytes * mebibyte * 101 / 100) << "and hardly more";
  }
}

std::vector<Call> calls() {
  std::vector<Call> calls;
  for (const std::int64_t samples : {1, 2, 5, 17, 32})
    for (const std::int64_t heads : {1, 3, 12, 28})
      for (const std::int64_t sequence : {2, 100, 1024, 1500, 8192, 32768})
        calls.push_back(call_of(samples, heads, sequence, 64));
  return calls;
}

TEST(FusedAttention, PiecesCoverEveryHeadOfEverySampleOnce) {
  for (const Call& call : calls())
    for (const Pass pass : {Pass::forward, Pass::backward}) {
      std::multiset<std::pair<std::int64_t, std::int64_t>> covered;
      for (const Piece& piece : pieces(pass, call))
        for (std::int64_t s = 0; s < piece.samples; ++s)
          for (std::int64_t h = 0; h < piece.heads; ++h)
            covered.emplace(piece.first_sample + s, piece.first_head + h);
      std::multiset<std::pair<std::int64_t, std::int64_t>> all;
      for (std::int64_t s = 0; s < call.samples; ++s)
        for (std::int64_t h = 0; h < call.heads; ++h) all.emplace(s, h);
      ASSERT_EQ(covered, all) << call.samples << " x " << call.heads << " x " << call.sequence;
    }
}

TEST(FusedAttention, EveryPieceFitsTheWorkspaceOfTheCall) {
  for (const Call& call : calls())
    for (const Pass pass : {Pass::forward, Pass::backward}) {
      const std::int64_t given = workspace_bytes(pass, call);
      for (const Piece& piece : pieces(pass, call)) {
        ASSERT_LE(workspace_bytes(pass, call.sequence, piece), given);
        if (piece.samples * piece.heads > 1) {
          ASSERT_LE(given, workspace_limit);
        }
      }
    }
}

/// A plan of the library's is built for each size that there is.
TEST(FusedAttention, PiecesAreFewAndOfTwoSizesAtMost) {
  for (const Call& call : calls()) {
    std::set<std::pair<std::int64_t, std::int64_t>> sizes;
    const std::vector<Piece> cut = pieces(Pass::backward, call);
    for (const Piece& piece : cut) sizes.emplace(piece.samples, piece.heads);
    EXPECT_LE(sizes.size(), 2U);
    const std::int64_t whole =
        workspace_bytes(Pass::backward, call.sequence, {0, call.samples, 0, call.heads});
    if (whole <= workspace_limit) {
      EXPECT_EQ(cut.size(), 1U);
    }
  }
}

TEST(FusedAttention, CutsHeadsWhereOneSampleIsTooLarge) {
  const std::vector<Piece> by_samples = pieces(Pass::backward, call_of(32, 12, 1024, 64));
  EXPECT_EQ(by_samples.size(), 2U);
  EXPECT_EQ(by_samples[1], (Piece{16, 16, 0, 12}));
  const std::vector<Piece> by_heads = pieces(Pass::backward, call_of(2, 28, 8192, 128));
  EXPECT_EQ(by_heads.size(), 20U) << "three heads or two of a sample";
  EXPECT_EQ(by_heads[1], (Piece{0, 1, 3, 3}));
  EXPECT_EQ(by_heads.back(), (Piece{1, 1, 26, 2}));
  EXPECT_EQ(pieces(Pass::forward, call_of(2, 28, 8192, 128)).size(), 1U)
      << "forward works in next to nothing";
}

}  // namespace
}  // namespace heddle::fused_attention
