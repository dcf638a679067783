// What each kernel means, said by the plainest loops in double: serial, allocating, slow. For tests,
// and for readers. Shapes are as in each kernel's own header; parameter gradients are always overwritten.
#pragma once

#include <cstdint>
#include <vector>

#include "heddle/kernels/adamw.hpp"
#include "heddle/kernels/attention.hpp"
#include "heddle/kernels/dropout.hpp"
#include "heddle/kernels/fill_normal.hpp"

namespace heddle::kernels::reference {

using Vector = std::vector<double>;
using Tokens = std::vector<std::int32_t>;
using Int = std::int64_t;

/// a [m, k] times b [k, n].
Vector gemm(const Vector& a, const Vector& b, Int m, Int n, Int k);
Vector transpose(const Vector& a, Int rows, Int columns);

/// x [rows, in], w [out, in]; an empty bias is none.
Vector linear(const Vector& x, const Vector& w, const Vector& bias, Int rows, Int in, Int out);
Vector linear_input_gradient(const Vector& dy, const Vector& w, Int rows, Int in, Int out);
Vector linear_weight_gradient(const Vector& dy, const Vector& x, Int rows, Int in, Int out);
Vector column_sum(const Vector& dy, Int rows, Int columns);

Vector embedding(const Vector& table, const Tokens& tokens, Int first_token, Int columns);
Vector embedding_gradient(const Vector& dy, const Tokens& tokens, Int first_token, Int held, Int columns);

Vector add_position(const Vector& x, const Vector& table, Int first_row, Int sequence, Int columns);
Vector position_gradient(const Vector& dy, Int first_row, Int sequence, Int positions, Int columns);

Vector dropout(const Vector& x, const Dropout& dropout, Int columns);
Vector residual(const Vector& x, const Vector& branch, const Vector& bias, const Dropout& dropout);

struct LayerNorm {
  Vector y, mean, rstd;
};
struct LayerNormGradient {
  Vector dx, dweight, dbias;
};
LayerNorm layer_norm(const Vector& x, const Vector& weight, const Vector& bias, double epsilon);
LayerNormGradient layer_norm_gradient(const Vector& dy, const Vector& x, const Vector& weight,
                                      const Vector& mean, const Vector& rstd);

Vector bias_gelu(const Vector& x, const Vector& bias);
Vector bias_gelu_gradient(const Vector& dy, const Vector& x, const Vector& bias);

struct Attention {
  Vector out, logsumexp;
};
struct AttentionSizes {
  Int rows, sequence, heads, dim;
};
Attention attention(const Vector& qkv, AttentionSizes sizes, double scale, const AttentionDropout& dropout);
/// What is summed: products, or their magnitudes, which an error in one factor of each is relative to.
enum class Terms { as_they_are, magnitudes };
/// `out` is what attention gave, as it was stored.
Vector attention_gradient(const Vector& dout, const Vector& out, const Vector& qkv, AttentionSizes sizes,
                          double scale, const AttentionDropout& dropout, Terms terms = Terms::as_they_are);

Vector log_sum_exp(const Vector& logits, Int rows, Int columns);
Vector log_probability(const Vector& logits, const Vector& lse, const Tokens& targets, Int first_token);
Vector log_probability_gradient(const Vector& logits, const Vector& lse, const Tokens& targets,
                                Int first_token, const Vector& dlogp);
double nll(const Vector& logp, double scale);

Vector add(const Vector& a, const Vector& b);
double sum_of_squares(const Vector& x);

struct AdamWState {
  Vector parameter, m, v;
};
AdamWState adamw(const AdamWState& before, const Vector& gradient, const AdamWStep& step);

Vector fill_normal(const Shape& shape, std::uint64_t key, double std, const Box& box);

}  // namespace heddle::kernels::reference
