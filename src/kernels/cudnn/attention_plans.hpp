// What cuDNN needs for attention: its handle, and the plan of each kind of piece that was met.
#pragma once

#include <cudnn.h>

#include <compare>
#include <map>
#include <memory>

#include "heddle/base/fused_attention.hpp"

namespace heddle::kernels {

/// Of a piece what its plan depends on: its sizes, how many heads lie in a row of its tensors, and the scale.
struct AttentionKey {
  fused_attention::Pass pass;
  std::int64_t samples, sequence, heads, row_heads, dim;
  double scale;

  friend auto operator<=>(const AttentionKey&, const AttentionKey&) = default;
};

/// Where a piece begins in each tensor, aligned to 16 bytes; dout to dv are of backward alone. `statistics` are the scores'
/// log-sum-exp: forward writes them as [row, head], backward reads them as [sample, head, row].
struct AttentionPiece {
  void *q, *k, *v, *out, *statistics, *dout, *dq, *dk, *dv;
};

class AttentionPlans {
 public:
  static AttentionPlans& open();
  static void close();

  void prepare(const AttentionKey& key) { plan(key); }
  void enqueue(cudaStream_t stream, const AttentionKey& key, const AttentionPiece& piece, void* workspace,
               std::int64_t workspace_bytes);

 private:
  class Plan;
  AttentionPlans();
  ~AttentionPlans();
  Plan& plan(const AttentionKey& key);

  static std::unique_ptr<AttentionPlans> the_plans;
  friend std::default_delete<AttentionPlans>;

  cudnnHandle_t handle_ = nullptr;
  std::map<AttentionKey, std::unique_ptr<Plan>> plans_;
};

}  // namespace heddle::kernels
