#include "attention_rates.hpp"

#include <cmath>

#include "heddle/build_info.hpp"
#include "heddle/kernels/attention.hpp"
#include "sampling.hpp"

namespace heddle::bench {
namespace {

using fused_attention::Pass;

Scratch workspace(Pass pass, const AttentionShape& shape, const lanes::Lane& lane) {
  const std::int64_t bytes = attention_workspace(
      build_info::attention, pass,
      {shape.dtype, shape.samples, shape.sequence, shape.heads, shape.head_dim, shape.dropout});
  return {{nullptr, DType::f32, {(bytes + 3) / 4}}, lane};
}

/// What lies there; nothing where there is none.
Tensor given(const Scratch& workspace) { return workspace.tensor.count() > 0 ? workspace.tensor : Tensor{}; }

}  // namespace

AttentionRates attention_rates(const comm::Communicator& ranks, const lanes::Lane& lane,
                               const AttentionShape& shape) {
  const DType dtype = shape.dtype;
  const std::int64_t sequence = shape.sequence, heads = shape.heads, dim = shape.head_dim,
                     rows = shape.samples * sequence;
  using enum Scratch::Holds;
  const Scratch qkv({nullptr, dtype, {rows, 3, heads, dim}}, lane, normal_numbers), dqkv(qkv.tensor, lane),
      out({nullptr, dtype, {rows, heads, dim}}, lane), dout(out.tensor, lane, normal_numbers),
      sums({nullptr, compute_type(dtype), {rows, heads}}, lane);
  const kernels::AttentionDropout dropout{.key = 1, .rate = shape.dropout, .total_heads = heads};
  const double scale = 1 / std::sqrt(static_cast<double>(dim));
  const Scratch forward_room = workspace(Pass::forward, shape, lane),
                backward_room = workspace(Pass::backward, shape, lane);
  const double forward = seconds_in_a_row(ranks, lane, [&] {
    kernels::attention(lane, qkv.tensor, sequence, scale, dropout, out.tensor, sums.tensor,
                       given(forward_room));
  });
  const double backward = seconds_in_a_row(ranks, lane, [&] {
    kernels::attention_gradient(lane, dout.tensor, out.tensor, sums.tensor, qkv.tensor, sequence, scale,
                                dropout, dqkv.tensor, given(backward_room));
  });
  const double pairs = static_cast<double>(out.tensor.count()) * (static_cast<double>(sequence) + 1) / 2;
  return {4 * pairs / forward, 10 * pairs / backward};
}

}  // namespace heddle::bench
