// The plain meaning of cross_entropy.hpp.
#include <algorithm>
#include <cmath>
#include <limits>

#include "heddle/kernels/reference.hpp"

namespace heddle::kernels::reference {

Vector row_max(const Vector& logits, Int rows, Int columns) {
  Vector m(rows, -std::numeric_limits<double>::infinity());
  for (Int i = 0; i < rows * columns; ++i) m[i / columns] = std::max(m[i / columns], logits[i]);
  return m;
}

Vector exp_sum(const Vector& logits, const Vector& m, const Tokens& targets, Int first_token) {
  const Int rows = static_cast<Int>(m.size()), columns = static_cast<Int>(logits.size()) / rows;
  Vector sums(2 * rows, 0.0);
  for (Int i = 0; i < rows * columns; ++i) {
    const Int r = i / columns, c = i % columns;
    sums[2 * r] += std::exp(logits[i] - m[r]);
    if (first_token + c == targets[r]) sums[2 * r + 1] = logits[i];
  }
  return sums;
}

Vector exp_sum_gradient(const Vector& logits, const Vector& m, const Tokens& targets, Int first_token,
                        const Vector& dsums) {
  const Int rows = static_cast<Int>(m.size()), columns = static_cast<Int>(logits.size()) / rows;
  Vector dlogits(logits.size());
  for (Int i = 0; i < rows * columns; ++i) {
    const Int r = i / columns, c = i % columns;
    dlogits[i] = dsums[2 * r] * std::exp(logits[i] - m[r]);
    if (first_token + c == targets[r]) dlogits[i] += dsums[2 * r + 1];
  }
  return dlogits;
}

double nll(const Vector& sums, const Vector& m, double scale) {
  double loss = 0;
  for (std::size_t r = 0; r < m.size(); ++r) loss += scale * (std::log(sums[2 * r]) + m[r] - sums[2 * r + 1]);
  return loss;
}

Vector nll_gradient(const Vector& sums, double scale, double dloss) {
  Vector dsums(sums.size());
  for (std::size_t i = 0; i < sums.size(); i += 2) {
    dsums[i] = scale * dloss / sums[i];
    dsums[i + 1] = -scale * dloss;
  }
  return dsums;
}

}  // namespace heddle::kernels::reference
