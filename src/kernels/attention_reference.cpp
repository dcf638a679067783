// The plain meaning of attention.hpp, with the whole matrix of probabilities.
#include <algorithm>
#include <cmath>
#include <limits>

#include "heddle/base/random.hpp"
#include "heddle/kernels/reference.hpp"

namespace heddle::kernels::reference {
namespace {

/// One head of one sample.
struct Head {
  const Vector& qkv;
  AttentionSizes sizes;
  Int first_row, head;

  Int at(Int token, Int part, Int d) const {
    return (((first_row + token) * 3 + part) * sizes.heads + head) * sizes.dim + d;
  }
  Int out(Int token, Int d) const { return ((first_row + token) * sizes.heads + head) * sizes.dim + d; }
  double score(Int i, Int j) const {
    double sum = 0;
    for (Int d = 0; d < sizes.dim; ++d) sum += qkv[at(i, 0, d)] * qkv[at(j, 1, d)];
    return sum;
  }
  double factor(const AttentionDropout& drop, Int i, Int j) const {
    const Int row = (drop.first_row + first_row + i) * drop.total_heads + drop.first_head + head;
    return uniform_at(drop.key, drop.stream, row * sizes.sequence + j) >= drop.rate ? 1 / (1 - drop.rate) : 0;
  }
  double logsumexp(Int i, double scale) const {
    double largest = -std::numeric_limits<double>::infinity(), sum = 0;
    for (Int j = 0; j <= i; ++j) largest = std::max(largest, scale * score(i, j));
    for (Int j = 0; j <= i; ++j) sum += std::exp(scale * score(i, j) - largest);
    return largest + std::log(sum);
  }
};

template <class F>
void each_head(const Vector& qkv, AttentionSizes sizes, const F& f) {
  for (Int first_row = 0; first_row < sizes.rows; first_row += sizes.sequence)
    for (Int head = 0; head < sizes.heads; ++head) f(Head{qkv, sizes, first_row, head});
}

}  // namespace

Attention attention(const Vector& qkv, AttentionSizes sizes, double scale, const AttentionDropout& dropout) {
  Attention result{Vector(qkv.size() / 3, 0.0), Vector(sizes.rows * sizes.heads)};
  each_head(qkv, sizes, [&](const Head& head) {
    for (Int i = 0; i < sizes.sequence; ++i) {
      const double lse = head.logsumexp(i, scale);
      result.logsumexp[(head.first_row + i) * sizes.heads + head.head] = lse;
      for (Int j = 0; j <= i; ++j) {
        const double p = std::exp(scale * head.score(i, j) - lse) * head.factor(dropout, i, j);
        for (Int d = 0; d < sizes.dim; ++d) result.out[head.out(i, d)] += p * qkv[head.at(j, 2, d)];
      }
    }
  });
  return result;
}

Vector attention_gradient(const Vector& dout, const Vector& out, const Vector& qkv, AttentionSizes sizes,
                          double scale, const AttentionDropout& dropout, Terms terms) {
  const auto term = [terms](double x) { return terms == Terms::magnitudes ? std::abs(x) : x; };
  Vector dqkv(qkv.size(), 0.0);
  each_head(qkv, sizes, [&](const Head& head) {
    for (Int i = 0; i < sizes.sequence; ++i) {
      const double lse = head.logsumexp(i, scale);
      Vector p(i + 1), dp(i + 1, 0.0);
      double delta = 0;
      for (Int d = 0; d < sizes.dim; ++d) delta += dout[head.out(i, d)] * out[head.out(i, d)];
      for (Int j = 0; j <= i; ++j) {
        const double factor = head.factor(dropout, i, j);
        p[j] = std::exp(scale * head.score(i, j) - lse);
        for (Int d = 0; d < sizes.dim; ++d) {
          dp[j] += factor * dout[head.out(i, d)] * qkv[head.at(j, 2, d)];
          dqkv[head.at(j, 2, d)] += term(p[j] * factor * dout[head.out(i, d)]);
        }
      }
      for (Int j = 0; j <= i; ++j)
        for (Int d = 0; d < sizes.dim; ++d) {
          dqkv[head.at(i, 0, d)] += term(scale * p[j] * (dp[j] - delta) * qkv[head.at(j, 1, d)]);
          dqkv[head.at(j, 1, d)] += term(scale * p[j] * (dp[j] - delta) * qkv[head.at(i, 0, d)]);
        }
    }
  });
  return dqkv;
}

}  // namespace heddle::kernels::reference
