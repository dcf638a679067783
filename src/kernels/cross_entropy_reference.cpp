// The plain meaning of cross_entropy.hpp.
#include <algorithm>
#include <cmath>
#include <limits>

#include "heddle/base/target.hpp"
#include "heddle/kernels/reference.hpp"

namespace heddle::kernels::reference {

Vector log_sum_exp(const Vector& logits, Int rows, Int columns) {
  constexpr double nothing = -std::numeric_limits<double>::infinity();
  Vector lse(rows, nothing);
  for (Int r = 0; r < rows; ++r) {
    double largest = nothing, sum = 0;
    for (Int c = 0; c < columns; ++c) largest = std::max(largest, logits[r * columns + c]);
    for (Int c = 0; c < columns; ++c) sum += std::exp(logits[r * columns + c] - largest);
    if (columns > 0) lse[r] = largest + std::log(sum);
  }
  return lse;
}

Vector log_probability(const Vector& logits, const Vector& lse, const Tokens& targets, Int first_token) {
  const Int rows = static_cast<Int>(lse.size()), columns = static_cast<Int>(logits.size()) / rows;
  Vector logp(rows, 0.0);
  for (Int i = 0; i < rows * columns; ++i)
    if (first_token + i % columns == targets[i / columns]) logp[i / columns] = logits[i] - lse[i / columns];
  return logp;
}

Vector log_probability_gradient(const Vector& logits, const Vector& lse, const Tokens& targets,
                                Int first_token, const Vector& dlogp) {
  const Int rows = static_cast<Int>(lse.size()), columns = static_cast<Int>(logits.size()) / rows;
  Vector dlogits(logits.size());
  for (Int i = 0; i < rows * columns; ++i) {
    const Int r = i / columns, c = i % columns;
    if (targets[r] == ignored_target) continue;
    dlogits[i] = dlogp[r] * ((first_token + c == targets[r] ? 1 : 0) - std::exp(logits[i] - lse[r]));
  }
  return dlogits;
}

double nll(const Vector& logp, double scale) {
  double loss = 0;
  for (double value : logp) loss -= scale * value;
  return loss;
}

}  // namespace heddle::kernels::reference
