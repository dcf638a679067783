// What attention works in, by whom it is carried out.
#include "heddle/base/attention_memory.hpp"

#include <gtest/gtest.h>

namespace heddle::tiled_attention {
namespace {

Call call_of(DType stored, std::int64_t sequence, std::int64_t dim, std::int64_t heads = 4) {
  return {stored, 2, sequence, heads, dim, 0.1};
}

TEST(AttentionMemory, IsOfWhoCarriesItOut) {
  const Call call{DType::bf16, 2, 1024, 12, 64, 0};
  EXPECT_EQ(attention_workspace(AttentionBy::host, Pass::backward, call), 0);
  EXPECT_EQ(attention_workspace(AttentionBy::library, Pass::backward, call),
            fused_attention::workspace_bytes(Pass::backward, call));
  EXPECT_EQ(attention_workspace(AttentionBy::device, Pass::backward, call),
            tiled_attention::workspace_bytes(Pass::backward, call));
  Call dropping = call;
  dropping.dropout = 0.1;
  EXPECT_EQ(attention_workspace(AttentionBy::library, Pass::backward, dropping),
            tiled_attention::workspace_bytes(Pass::backward, dropping));
}

/// By hand: three tiles of 32 x 32 and dq [32, dim], the transposed q and dout, log-sum-exp and delta; of a GPU's 46 KiB.
TEST(AttentionMemory, TilesThatFitNearMemoryTakeNone) {
  EXPECT_EQ(backward_bytes({4, false}, 32, 64), 4 * (3 * 1024 + 3 * 2048 + 64) + 13 * 64);
  EXPECT_EQ(far_bytes(Pass::backward, call_of(DType::f32, 1024, 64)), 0);
  EXPECT_EQ(far_bytes(Pass::forward, call_of(DType::f32, 1024, 128)), 0);
  EXPECT_EQ(far_bytes(Pass::backward, call_of(DType::f32, 1024, 128)),
            4 * (3 * 1024 + 3 * 4096 + 64) + 13 * 64);
  EXPECT_EQ(far_bytes(Pass::forward, call_of(DType::f64, 1024, 64)), 8 * (2 * 1024 + 2 * 2048 + 96) + 8 * 64);
}

TEST(AttentionMemory, DkAndDvOfBf16AreSummedInFp32) {
  EXPECT_EQ(far_bytes(Pass::backward, call_of(DType::bf16, 1024, 64)), 2 * 4 * 1024 * 64 + 128);
  EXPECT_EQ(far_bytes(Pass::backward, call_of(DType::bf16, 1024, 63)),
            (2 * 4 * 1024 * 63 + 128 + 63) / 64 * 64);
  EXPECT_GT(far_bytes(Pass::backward, call_of(DType::bf16, 1024, 128)), 2 * 4 * 1024 * 128 + most_near)
      << "tiles of pairs with heads of 128 are far too";
}

TEST(AttentionMemory, IsBoundedWhateverTheCall) {
  for (const DType stored : {DType::f32, DType::f64, DType::bf16})
    for (const Pass pass : {Pass::forward, Pass::backward})
      for (const std::int64_t sequence : {1, 1024, 8192, 32768})
        for (const std::int64_t dim : {1, 64, 128, 256})
          for (const std::int64_t heads : {1, 12, 1000}) {
            const Call call = call_of(stored, sequence, dim, heads);
            const std::int64_t far = far_bytes(pass, call),
                               all = tiled_attention::workspace_bytes(pass, call);
            EXPECT_LE(all, std::max(workspace_limit, far));
            EXPECT_EQ(all == 0, far == 0);
            if (far == 0) continue;
            EXPECT_EQ(all % far, 0);
            EXPECT_LE(all / far, most_teams);
          }
  EXPECT_EQ(tiled_attention::workspace_bytes(Pass::backward, call_of(DType::bf16, 1024, 64, 4)),
            8 * (2 * 4 * 1024 * 64 + 128))
      << "no more than a team for each head of each sample";
  EXPECT_EQ(tiled_attention::workspace_bytes(Pass::backward, call_of(DType::bf16, 1024, 64, 0)), 0)
      << "nothing";
}

}  // namespace
}  // namespace heddle::tiled_attention
