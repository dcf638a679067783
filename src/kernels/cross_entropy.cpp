#include "heddle/kernels/cross_entropy.hpp"

#include <cmath>

#include "exponential.hpp"
#include "rows.hpp"

namespace heddle::kernels {
namespace {

template <class T>
void maxima(const Lane& lane, std::int64_t rows, std::int64_t width, const T* logits, T* m) {
  each_row(
      lane, "row_max", rows, KOKKOS_LAMBDA(const Team& team, std::int64_t r) {
        const T* row = logits + r * width;
        const T largest = maximum<T>(team, width, [&](std::int64_t c) { return row[c]; });
        once(team, [&] { m[r] = largest; });
      });
}

template <class T>
void sums_of_exp(const Lane& lane, std::int64_t rows, std::int64_t width, const T* logits, const T* m,
                 const std::int32_t* targets, std::int64_t first_token, T* sums) {
  each_row(
      lane, "exp_sum", rows, KOKKOS_LAMBDA(const Team& team, std::int64_t r) {
        const T* row = logits + r * width;
        const T largest = m[r];
        const T total = sum<T>(team, width, [&](std::int64_t c) { return exponential(row[c] - largest); });
        const std::int64_t target = targets[r] - first_token;
        once(team, [&] {
          sums[2 * r] = total;
          sums[2 * r + 1] = target >= 0 && target < width ? row[target] : T(0);
        });
      });
}

template <class T>
void gradient(const Lane& lane, std::int64_t rows, std::int64_t width, const T* logits, const T* m,
              const std::int32_t* targets, std::int64_t first_token, const T* dsums, T* dlogits) {
  each_row(
      lane, "exp_sum_gradient", rows, KOKKOS_LAMBDA(const Team& team, std::int64_t r) {
        const T* row = logits + r * width;
        T* to = dlogits + r * width;
        const T largest = m[r], factor = dsums[2 * r], at_target = dsums[2 * r + 1];
        const std::int64_t target = targets[r] - first_token;
        each(team, width, [&](std::int64_t c) {
          to[c] = factor * exponential(row[c] - largest) + (c == target ? at_target : T(0));
        });
      });
}

/// One team adds up all rows: they are few, and their order is then always the same.
template <class T, class Loss>
void loss_of(const Lane& lane, std::int64_t rows, const T* sums, const T* m, double scale, Loss* loss,
             bool adds) {
  each_row(
      lane, "nll", 1, KOKKOS_LAMBDA(const Team& team, std::int64_t) {
        const double total = sum<double>(team, rows, [&](std::int64_t r) {
          return std::log(double(sums[2 * r])) + (double(m[r]) - double(sums[2 * r + 1]));
        });
        once(team, [&] { *loss = static_cast<Loss>((adds ? double(*loss) : 0.0) + scale * total); });
      });
}

template <class T>
void loss_gradient(const Lane& lane, std::int64_t rows, const T* sums, double factor, T* dsums) {
  each_block(
      lane, "nll_gradient", rows, element_block,
      KOKKOS_LAMBDA(const Team& team, std::int64_t first, std::int64_t n) {
        each(team, n, [&](std::int64_t i) {
          const std::int64_t at = 2 * (first + i);
          dsums[at] = static_cast<T>(factor / double(sums[at]));
          dsums[at + 1] = static_cast<T>(-factor);
        });
      });
}

}  // namespace

void row_max(const Lane& lane, const Tensor& logits, const Tensor& m) {
  HEDDLE_EXPECT(m.count() == logits.shape[0]);
  with_real(logits.dtype, [&](auto zero) {
    using T = decltype(zero);
    maxima<T>(lane, logits.shape[0], columns(logits), logits.as<T>(), m.as<T>());
  });
}

void exp_sum(const Lane& lane, const Tensor& logits, const Tensor& m, const Tensor& targets,
             std::int64_t first_token, const Tensor& sums) {
  const std::int64_t rows = logits.shape[0];
  HEDDLE_EXPECT(m.count() == rows && targets.count() == rows && sums.count() == 2 * rows);
  with_real(logits.dtype, [&](auto zero) {
    using T = decltype(zero);
    sums_of_exp<T>(lane, rows, columns(logits), logits.as<T>(), m.as<T>(), targets.as<std::int32_t>(),
                   first_token, sums.as<T>());
  });
}

void exp_sum_gradient(const Lane& lane, const Tensor& logits, const Tensor& m, const Tensor& targets,
                      std::int64_t first_token, const Tensor& dsums, const Tensor& dlogits) {
  const std::int64_t rows = logits.shape[0];
  HEDDLE_EXPECT(m.count() == rows && targets.count() == rows && dsums.count() == 2 * rows);
  with_real(logits.dtype, [&](auto zero) {
    using T = decltype(zero);
    gradient<T>(lane, rows, columns(logits), logits.as<T>(), m.as<T>(), targets.as<std::int32_t>(),
                first_token, dsums.as<T>(), dlogits.as<T>());
  });
}

void nll(const Lane& lane, const Tensor& sums, const Tensor& m, double scale, const Tensor& loss,
         Write write) {
  HEDDLE_EXPECT(sums.count() == 2 * m.count() && loss.count() == 1);
  with_real(sums.dtype, [&](auto zero) {
    using T = decltype(zero);
    with_real(loss.dtype, [&](auto loss_zero) {
      using Loss = decltype(loss_zero);
      loss_of<T, Loss>(lane, m.count(), sums.as<T>(), m.as<T>(), scale, loss.as<Loss>(),
                       write == Write::accumulate);
    });
  });
}

void nll_gradient(const Lane& lane, const Tensor& sums, double scale, double dloss, const Tensor& dsums) {
  HEDDLE_EXPECT(sums.count() == dsums.count());
  with_real(sums.dtype, [&](auto zero) {
    using T = decltype(zero);
    loss_gradient<T>(lane, sums.count() / 2, sums.as<T>(), scale * dloss, dsums.as<T>());
  });
}

}  // namespace heddle::kernels
