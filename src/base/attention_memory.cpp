#include "heddle/base/attention_memory.hpp"

#include <algorithm>

namespace heddle {

std::int64_t attention_workspace(AttentionBy by, fused_attention::Pass pass,
                                 const fused_attention::Call& call) {
  if (by == AttentionBy::host) return 0;
  if (by == AttentionBy::library && fused_attention::takes(call))
    return fused_attention::workspace_bytes(pass, call);
  return tiled_attention::workspace_bytes(pass, call);
}

namespace tiled_attention {

std::int64_t far_bytes(Pass pass, const Call& call) {
  const DType computed = compute_type(call.stored);
  const Factors factors{size_of(computed), call.stored == DType::bf16 && call.dim % 2 == 0};
  const bool forward = pass == Pass::forward;
  const std::int64_t tile = forward ? forward_bytes(factors, device_block, device_block, call.dim)
                                    : backward_bytes(factors, device_block, call.dim);
  const std::int64_t sums =
      forward || call.stored == computed ? 0 : sums_bytes(factors.size, call.sequence, call.dim);
  return whole_lines(sums) + (tile > most_near ? whole_lines(tile) : 0);
}

std::int64_t workspace_bytes(Pass pass, const Call& call) {
  const std::int64_t far = far_bytes(pass, call);
  if (far == 0) return 0;
  const std::int64_t blocks = pass == Pass::forward ? (call.sequence + device_block - 1) / device_block : 1;
  const std::int64_t tasks = call.samples * call.heads * blocks;
  return far * std::clamp<std::int64_t>(workspace_limit / far, std::min<std::int64_t>(tasks, 1),
                                        std::min(tasks, most_teams));
}

}  // namespace tiled_attention
}  // namespace heddle
