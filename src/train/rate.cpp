#include "heddle/train/rate.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace heddle::train {
namespace {

/// How much of the way from begin to end is gone, within [0, 1].
double passed(std::int64_t step, std::int64_t begin, std::int64_t end) {
  if (end <= begin) return step < begin ? 0.0 : 1.0;
  return std::clamp(static_cast<double>(step - begin) / static_cast<double>(end - begin), 0.0, 1.0);
}

}  // namespace

double learning_rate(const deck::Optimizer& optimizer, std::int64_t step, std::int64_t steps) {
  if (step < optimizer.warmup)
    return optimizer.rate * static_cast<double>(step + 1) / static_cast<double>(optimizer.warmup + 1);
  const double drop = optimizer.rate - optimizer.final_rate;
  switch (optimizer.schedule) {
    case deck::RateSchedule::cosine: {
      const std::int64_t end = optimizer.decay > 0 ? optimizer.decay : steps;
      const double way = passed(step, optimizer.warmup, end);
      return optimizer.final_rate + drop * 0.5 * (1 + std::cos(std::numbers::pi * way));
    }
    case deck::RateSchedule::wsd:
      return optimizer.rate - drop * passed(step, std::max(optimizer.warmup, steps - optimizer.decay), steps);
    case deck::RateSchedule::constant: break;
  }
  return optimizer.rate;
}

}  // namespace heddle::train
