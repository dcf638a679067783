#include "heddle/kernels/cross_entropy.hpp"

#include <cmath>

#include "exponential.hpp"
#include "heddle/base/target.hpp"
#include "heddle/kernels/elementwise.hpp"
#include "pack.hpp"

namespace heddle::kernels {
namespace {

/// Logits between whose maximum and whose sum the processor can look ahead to the next ones' maximum.
constexpr std::int64_t logit_block = 256;

struct Block {
  std::int64_t rows, width, first_token;
};

Block block_of(const Tensor& logits, std::int64_t first_token = 0) {
  return {logits.shape[0], columns(logits), first_token};
}

template <class T>
void sums(const lanes::Lane& lane, Block block, const T* logits, Compute<T>* lse) {
  using C = Compute<T>;
  constexpr C nothing = -std::numeric_limits<C>::infinity();
  each_row(
      lane, "log_sum_exp", block.rows, KOKKOS_LAMBDA(const Team& team, std::int64_t r) {
        C largest = nothing, total = 0;
        for (std::int64_t first = 0; first < block.width; first += logit_block) {
          const T* row = logits + r * block.width + first;
          const std::int64_t n = block.width - first < logit_block ? block.width - first : logit_block;
          const C here = largest_packs<C>(team, n, [&](auto c) { return c.load(row); });
          if (here > largest) {
            total *= exponential(largest - here);
            largest = here;
          }
          const C shift = largest == nothing ? C(0) : largest;
          total += sum_packs<C>(team, n, [&](auto c) { return falling_exponential(c.load(row) - shift); });
        }
        once(team, [&] { lse[r] = largest == nothing ? largest + total : largest + std::log(total); });
      });
}

template <class T>
void probabilities(const lanes::Lane& lane, Block block, const T* logits, const Compute<T>* lse,
                   const std::int32_t* targets, Compute<T>* logp) {
  using C = Compute<T>;
  each_block(
      lane, "log_probability", block.rows, element_block,
      KOKKOS_LAMBDA(const Team& team, std::int64_t first, std::int64_t n) {
        each_task(team, n, [&](std::int64_t i) {
          const std::int64_t r = first + i, target = targets[r] - block.first_token;
          logp[r] = target >= 0 && target < block.width ? C(logits[r * block.width + target]) - lse[r] : C(0);
        });
      });
}

template <class T>
void gradient(const lanes::Lane& lane, Block block, const T* logits, const Compute<T>* lse,
              const std::int32_t* targets, const Compute<T>* dlogp, T* dlogits) {
  using C = Compute<T>;
  each_row(
      lane, "log_probability_gradient", block.rows, KOKKOS_LAMBDA(const Team& team, std::int64_t r) {
        const T* row = logits + r * block.width;
        T* to = dlogits + r * block.width;
        const C shift = lse[r], factor = targets[r] == ignored_target ? C(0) : dlogp[r];
        const std::int64_t target = targets[r] - block.first_token;
        const bool here = target >= 0 && target < block.width;
        [[maybe_unused]] const C logit = here ? C(row[target]) : C(0);
        team.team_barrier();  // dlogits may be logits
        each_pack<C>(team, block.width,
                     [&](auto c) { c.store(to, -factor * falling_exponential(c.load(row) - shift)); });
        team.team_barrier();
        once(team, [&] {
          if (!here) return;
          if constexpr (std::is_same_v<T, C>)
            to[target] += factor;
          else  // what is stored has been rounded
            to[target] = T(factor - factor * falling_exponential(logit - shift));
        });
      });
}

/// One team adds up all rows: they are few, and their order is then always the same.
template <class T, class Loss>
void loss_of(const lanes::Lane& lane, std::int64_t rows, const T* logp, double scale, Loss* loss, bool adds) {
  each_row(
      lane, "nll", 1, KOKKOS_LAMBDA(const Team& team, std::int64_t) {
        const double total = sum_packs<double>(team, rows, [&](auto r) { return r.load(logp); });
        once(team, [&] { *loss = static_cast<Loss>((adds ? double(*loss) : 0.0) - scale * total); });
      });
}

}  // namespace

void log_sum_exp(const lanes::Lane& lane, const Tensor& logits, const Tensor& lse) {
  HEDDLE_EXPECT(lse.count() == logits.shape[0]);
  with_real(logits.dtype, [&](auto zero) {
    using T = decltype(zero);
    sums<T>(lane, block_of(logits), logits.as<T>(), lse.as<Compute<T>>());
  });
}

void log_probability(const lanes::Lane& lane, const Tensor& logits, const Tensor& lse, const Tensor& targets,
                     std::int64_t first_token, const Tensor& logp) {
  const std::int64_t rows = logits.shape[0];
  HEDDLE_EXPECT(lse.count() == rows && targets.count() == rows && logp.count() == rows);
  with_real(logits.dtype, [&](auto zero) {
    using T = decltype(zero);
    probabilities<T>(lane, block_of(logits, first_token), logits.as<T>(), lse.as<Compute<T>>(),
                     targets.as<std::int32_t>(), logp.as<Compute<T>>());
  });
}

void log_probability_gradient(const lanes::Lane& lane, const Tensor& logits, const Tensor& lse,
                              const Tensor& targets, std::int64_t first_token, const Tensor& dlogp,
                              const Tensor& dlogits) {
  const std::int64_t rows = logits.shape[0];
  HEDDLE_EXPECT(lse.count() == rows && targets.count() == rows && dlogp.count() == rows);
  HEDDLE_EXPECT(dlogits.count() == logits.count());
  with_real(logits.dtype, [&](auto zero) {
    using T = decltype(zero);
    gradient<T>(lane, block_of(logits, first_token), logits.as<T>(), lse.as<Compute<T>>(),
                targets.as<std::int32_t>(), dlogp.as<Compute<T>>(), dlogits.as<T>());
  });
}

void nll(const lanes::Lane& lane, const Tensor& logp, double scale, const Tensor& loss, Write write) {
  HEDDLE_EXPECT(loss.count() == 1);
  with_compute(logp.dtype, [&](auto zero) {
    using T = decltype(zero);
    with_compute(loss.dtype, [&](auto loss_zero) {
      using Loss = decltype(loss_zero);
      loss_of<T, Loss>(lane, logp.count(), logp.as<T>(), scale, loss.as<Loss>(), write == Write::accumulate);
    });
  });
}

void nll_gradient(const lanes::Lane& lane, double scale, double dloss, const Tensor& dlogp) {
  fill(lane, dlogp, -scale * dloss);
}

}  // namespace heddle::kernels
