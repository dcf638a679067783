#include "heddle/kernels/cross_entropy.hpp"

#include <cmath>

#include "exponential.hpp"
#include "heddle/base/target.hpp"
#include "heddle/kernels/elementwise.hpp"
#include "pack.hpp"

namespace heddle::kernels {
namespace {

struct Block {
  std::int64_t rows, width, stride, first_token;
};

Block block_of(const Tensor& logits, TokenBlock block) {
  HEDDLE_EXPECT(block.count <= columns(logits));
  return {logits.shape[0], block.count, columns(logits), block.first};
}

/// The largest of some logits and the sum of exp(logit - largest).
template <class C>
struct Softmax {
  static constexpr C nothing = -std::numeric_limits<C>::infinity();
  C largest = nothing, total = 0;

  /// What the exponentials are taken of less than: a number, even where there is none.
  KOKKOS_INLINE_FUNCTION C shift() const { return largest == nothing ? C(0) : largest; }
  KOKKOS_INLINE_FUNCTION C log_sum() const {
    return largest == nothing ? largest + total : largest + std::log(total);
  }
  /// Goes over to a larger `largest`.
  KOKKOS_INLINE_FUNCTION void raise(C to) {
    if (to > largest) {
      total *= exponential(largest - to);
      largest = to;
    }
  }
};

#ifdef HEDDLE_HAVE_PACKS
/// Logits between whose maximum and whose sum the processor can look ahead to the next ones' maximum.
constexpr std::int64_t logit_block = 256;

template <class T, class C = Compute<T>>
KOKKOS_INLINE_FUNCTION Softmax<C> softmax_of(const Team& team, std::int64_t width, const T* logits) {
  Softmax<C> all;
  for (std::int64_t first = 0; first < width; first += logit_block) {
    const T* row = logits + first;
    const std::int64_t n = width - first < logit_block ? width - first : logit_block;
    all.raise(largest_packs<T>(team, n, [&](auto c) { return c.load(row); }));
    const C shift = all.shift();
    all.total += sum_packs<T>(team, n, [&](auto c) { return falling_exponential(c.load(row) - shift); });
  }
  return all;
}
#else
/// Kokkos' reducer that joins two of them.
template <class C>
struct JoinSoftmax {
  using reducer = JoinSoftmax;
  using value_type = Softmax<C>;
  using result_view_type = Kokkos::View<value_type, MemorySpace, Kokkos::MemoryTraits<Kokkos::Unmanaged>>;
  value_type& result;

  KOKKOS_INLINE_FUNCTION void init(value_type& value) const { value = value_type(); }
  KOKKOS_INLINE_FUNCTION value_type& reference() const { return result; }
  KOKKOS_INLINE_FUNCTION void join(value_type& to, value_type from) const {
    to.raise(from.largest);
    from.raise(to.largest);
    to.total += from.total;
  }
};

/// Each lane goes over its logits once.
template <class T, class C = Compute<T>>
KOKKOS_INLINE_FUNCTION Softmax<C> softmax_of(const Team& team, std::int64_t width, const T* logits) {
  Softmax<C> all;
  reduce(
      team, vectors_over<T>(width),
      [&](std::int64_t i, Softmax<C>& mine) {
        const auto x = filled_pack<T>(i, width, Softmax<C>::nothing, [&](auto c) { return c.load(logits); });
        mine.raise(largest_of(x));
        mine.total += total_of(falling_exponential<T>(x - mine.shift()));
      },
      JoinSoftmax<C>{all});
  return all;
}
#endif

template <class T>
void sums(const lanes::Lane& lane, Block block, const T* logits, Compute<T>* lse) {
  each_row(
      lane, "log_sum_exp", block.rows,
      KOKKOS_LAMBDA(const Team& team, std::int64_t r) {
        const Softmax<Compute<T>> all = softmax_of(team, block.width, logits + r * block.stride);
        once(team, [&] { lse[r] = all.log_sum(); });
      },
      {}, threads_of_row(block.width));
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
          logp[r] =
              target >= 0 && target < block.width ? C(logits[r * block.stride + target]) - lse[r] : C(0);
        });
      });
}

template <class T>
void gradient(const lanes::Lane& lane, Block block, const T* logits, const Compute<T>* lse,
              const std::int32_t* targets, const Compute<T>* dlogp, T* dlogits) {
  using C = Compute<T>;
  each_row(
      lane, "log_probability_gradient", block.rows,
      KOKKOS_LAMBDA(const Team& team, std::int64_t r) {
        const T* row = logits + r * block.stride;
        T* to = dlogits + r * block.stride;
        const C shift = lse[r], factor = targets[r] == ignored_target ? C(0) : dlogp[r];
        const std::int64_t target = targets[r] - block.first_token;
        const bool here = target >= 0 && target < block.width;
        [[maybe_unused]] const C logit = here ? C(row[target]) : C(0);
        team.team_barrier();  // dlogits may be logits
        each_pack<T>(team, block.width,
                     [&](auto c) { c.store(to, -factor * falling_exponential<T>(c.load(row) - shift)); });
        each_task(team, block.stride - block.width, [&](std::int64_t i) { to[block.width + i] = T(0); });
        team.team_barrier();
        once(team, [&] {
          if (!here) return;
          if constexpr (std::is_same_v<T, C>)
            to[target] += factor;
          else  // what is stored has been rounded
            to[target] = T(factor - factor * falling_exponential(logit - shift));
        });
      },
      {}, threads_of_row(block.width));
}

/// One team adds up all rows: they are few, and their order is then always the same.
template <class T, class Loss>
void loss_of(const lanes::Lane& lane, std::int64_t rows, const T* logp, double scale, Loss* loss, bool adds) {
  each_row(
      lane, "nll", 1, KOKKOS_LAMBDA(const Team& team, std::int64_t) {
        const double total = sum_packs<T, double>(team, rows, [&](auto r) { return r.load(logp); });
        once(team, [&] { *loss = static_cast<Loss>((adds ? double(*loss) : 0.0) - scale * total); });
      });
}

}  // namespace

void log_sum_exp(const lanes::Lane& lane, const Tensor& logits, TokenBlock block, const Tensor& lse) {
  HEDDLE_EXPECT(lse.count() == logits.shape[0]);
  with_real(logits.dtype, [&](auto zero) {
    using T = decltype(zero);
    sums<T>(lane, block_of(logits, block), logits.as<T>(), lse.as<Compute<T>>());
  });
}

void log_probability(const lanes::Lane& lane, const Tensor& logits, const Tensor& lse, const Tensor& targets,
                     TokenBlock block, const Tensor& logp) {
  const std::int64_t rows = logits.shape[0];
  HEDDLE_EXPECT(lse.count() == rows && targets.count() == rows && logp.count() == rows);
  with_real(logits.dtype, [&](auto zero) {
    using T = decltype(zero);
    probabilities<T>(lane, block_of(logits, block), logits.as<T>(), lse.as<Compute<T>>(),
                     targets.as<std::int32_t>(), logp.as<Compute<T>>());
  });
}

void log_probability_gradient(const lanes::Lane& lane, const Tensor& logits, const Tensor& lse,
                              const Tensor& targets, TokenBlock block, const Tensor& dlogp,
                              const Tensor& dlogits) {
  const std::int64_t rows = logits.shape[0];
  HEDDLE_EXPECT(lse.count() == rows && targets.count() == rows && dlogp.count() == rows);
  HEDDLE_EXPECT(dlogits.count() == logits.count());
  with_real(logits.dtype, [&](auto zero) {
    using T = decltype(zero);
    gradient<T>(lane, block_of(logits, block), logits.as<T>(), lse.as<Compute<T>>(),
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
