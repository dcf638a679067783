// Attention by cuDNN, piece by piece.
#include "attention_plans.hpp"
#include "fused_attention.hpp"
#include "rows.hpp"

namespace heddle::kernels {
namespace {

using fused_attention::Call;
using fused_attention::Pass;
using fused_attention::Piece;

AttentionKey key_of(Pass pass, const Call& call, double scale, const Piece& piece) {
  return {pass, piece.samples, call.sequence, piece.heads, call.heads, call.dim, scale};
}

/// A piece's rows of logsumexp [rows, heads] as [samples, heads, sequence].
void gather_statistics(const lanes::Lane& lane, const Call& call, const Piece& piece, const float* logsumexp,
                       float* statistics) {
  const std::int64_t sequence = call.sequence, row_heads = call.heads, heads = piece.heads;
  const float* from = logsumexp + piece.first_sample * sequence * row_heads + piece.first_head;
  each_row(
      lane, "attention statistics", piece.samples * heads,
      KOKKOS_LAMBDA(const Team& team, std::int64_t task) {
        const float* of_head = from + task / heads * sequence * row_heads + task % heads;
        each(team, sequence,
             [&](std::int64_t row) { statistics[task * sequence + row] = of_head[row * row_heads]; });
      });
}

/// Where a piece begins in the call's tensors.
class Places {
 public:
  Places(const Call& call, const Piece& piece)
      : row_(piece.first_sample * call.sequence),
        heads_(call.heads),
        head_(piece.first_head),
        dim_(call.dim) {}

  /// In [rows, heads, dim], and in part 0, 1 or 2 of [rows, 3, heads, dim].
  void* in_out(const Tensor& out) const {
    return out.data ? out.as<BFloat16>() + (row_ * heads_ + head_) * dim_ : nullptr;
  }
  void* in_qkv(const Tensor& qkv, std::int64_t part) const {
    return qkv.data ? qkv.as<BFloat16>() + ((row_ * 3 + part) * heads_ + head_) * dim_ : nullptr;
  }
  void* in_logsumexp(const Tensor& logsumexp) const { return logsumexp.as<float>() + row_ * heads_ + head_; }

 private:
  std::int64_t row_, heads_, head_, dim_;
};

/// Pieces come one after the other on the lane, so that they may share the workspace.
void enqueue_piece(const lanes::Lane& lane, const AttentionKey& key, const Call& call, const Piece& piece,
                   const AttentionTensors& tensors, const Tensor& workspace) {
  const Places at(call, piece);
  auto* room = static_cast<std::byte*>(workspace.data);
  std::int64_t bytes = workspace.bytes();
  void* statistics = at.in_logsumexp(tensors.logsumexp);
  if (key.pass == Pass::backward) {
    statistics = room;
    gather_statistics(lane, call, piece, tensors.logsumexp.as<float>(), static_cast<float*>(statistics));
    room += fused_attention::statistics_bytes(call.sequence, piece);
    bytes -= fused_attention::statistics_bytes(call.sequence, piece);
  }
  AttentionPlans::open().enqueue(
      space(lane).cuda_stream(), key,
      {at.in_qkv(tensors.qkv, 0), at.in_qkv(tensors.qkv, 1), at.in_qkv(tensors.qkv, 2),
       at.in_out(tensors.out), statistics, at.in_out(tensors.dout), at.in_qkv(tensors.dqkv, 0),
       at.in_qkv(tensors.dqkv, 1), at.in_qkv(tensors.dqkv, 2)},
      room, bytes);
}

}  // namespace

bool enqueue_fused_attention(const lanes::Lane& lane, Pass pass, const Call& call, double scale,
                             const AttentionTensors& tensors, const Tensor& workspace) {
  if (!workspace.data || !fused_attention::takes(call)) return false;
  HEDDLE_EXPECT(workspace.bytes() >= fused_attention::workspace_bytes(pass, call));
  for (const Piece& piece : fused_attention::pieces(pass, call))
    enqueue_piece(lane, key_of(pass, call, scale, piece), call, piece, tensors, workspace);
  return true;
}

void prepare_fused_attention(Pass pass, const Call& call, double scale) {
  if (!fused_attention::takes(call)) return;
  for (const Piece& piece : fused_attention::pieces(pass, call))
    AttentionPlans::open().prepare(key_of(pass, call, scale, piece));
}

void close_fused_attention() { AttentionPlans::close(); }

}  // namespace heddle::kernels
