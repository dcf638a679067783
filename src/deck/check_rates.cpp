// The checks of the optimizer's numbers: their steps, and whether the precision has them.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <tuple>

#include "checker.hpp"

namespace heddle::deck {

void Checker::rates_fit_steps() {
  const auto& [rates, steps] = std::tie(deck_.optimizer, deck_.train.steps);
  const bool falls = rates.schedule != RateSchedule::constant;
  if (rates.warmup > steps)
    report({"optimizer.warmup", "train.steps"},
           fmt::format("optimizer.warmup = {} is more than train.steps = {}", rates.warmup, steps),
           "the rate would never be reached", fmt::format("try optimizer.warmup = {}", steps / 10));
  if (falls && rates.final_rate > rates.rate)
    report({"optimizer.final_rate", "optimizer.rate"},
           fmt::format("optimizer.final_rate = {} is more than optimizer.rate = {}", rates.final_rate,
                       rates.rate),
           "the rate falls after warm-up", fmt::format("try optimizer.final_rate = {:.3g}", rates.rate / 10));
  if (rates.schedule == RateSchedule::cosine && rates.decay > 0 && rates.decay <= rates.warmup)
    report({"optimizer.decay", "optimizer.warmup"},
           fmt::format("optimizer.decay = {} is not after optimizer.warmup = {}", rates.decay, rates.warmup),
           "the cosine falls from the end of warm-up to step decay",
           "try optimizer.decay = 0, the last step");
  if (rates.schedule == RateSchedule::wsd) final_decay_fits();
}

/// Of "wsd", whose rate falls in the last steps alone.
void Checker::final_decay_fits() {
  const auto& [rates, steps] = std::tie(deck_.optimizer, deck_.train.steps);
  const std::int64_t left = steps - std::min(steps, rates.warmup);
  const std::string fix =
      left > 0 ? fmt::format("try optimizer.decay = {}", std::clamp<std::int64_t>(steps / 5, 1, left))
               : fmt::format("try optimizer.warmup = {}", steps / 10);
  if (rates.decay == 0)
    report({"optimizer.decay", "optimizer.schedule"}, "optimizer.schedule = \"wsd\" has no optimizer.decay",
           "the rate would never fall", fix);
  if (rates.decay > left)
    report({"optimizer.decay", "optimizer.warmup", "train.steps"},
           fmt::format("optimizer.warmup = {} and optimizer.decay = {} are more than train.steps = {}",
                       rates.warmup, rates.decay, steps),
           "the final decay begins after warm-up", fix);
}

/// Kernels compute with these in the masters' type; what is smaller than its normal numbers may be 0 there.
void Checker::numbers_fit_precision() {
  if (deck_.train.precision == Precision::fp64) return;
  using Limits = std::numeric_limits<float>;
  struct Number {
    const char* key;
    double value, otherwise;
  };
  const Deck defaults;
  const Number numbers[] = {{"model.init_std", deck_.model.init_std, defaults.model.init_std},
                            {"model.norm_epsilon", deck_.model.norm_epsilon, defaults.model.norm_epsilon},
                            {"optimizer.rate", deck_.optimizer.rate, defaults.optimizer.rate},
                            {"optimizer.epsilon", deck_.optimizer.epsilon, defaults.optimizer.epsilon}};
  for (const Number& one : numbers) {
    const bool vanishes = one.value < Limits::min();
    if (!vanishes && one.value <= Limits::max()) continue;
    report({one.key, "train.precision"},
           fmt::format("{} = {} is {} in fp32", one.key, one.value, vanishes ? "0" : "infinite"),
           vanishes ? "numbers below 1.18e-38 are" : "numbers beyond 3.4e38 are",
           fmt::format("try {} = {}, or train.precision = \"fp64\"", one.key, one.otherwise));
  }
}

}  // namespace heddle::deck
