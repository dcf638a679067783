#include "heddle/session/sample_queue.hpp"

#include <algorithm>
#include <utility>

namespace heddle::session {
namespace {

bool overlap(const Samples& a, const Samples& b) {
  return a.first < b.first + b.count && b.first < a.first + a.count;
}

}  // namespace

SampleQueue::SampleQueue(const data::Dataset& dataset, const deck::Data& data, std::int64_t a_step,
                         std::vector<Samples> pass_over)
    : sampler_(dataset, data.order, data.seed), a_step_(a_step), pass_over_(std::move(pass_over)) {}

Samples SampleQueue::take(std::int64_t step) {
  Samples next{count_.consumed, a_step_};
  const auto met = [&](const Samples& one) { return overlap(one, next); };
  for (auto one = pass_over_.begin(); (one = std::ranges::find_if(pass_over_, met)) != pass_over_.end();)
    next.first = one->first + one->count;
  taken_.erase(taken_.begin(), taken_.lower_bound(step - 1));
  taken_[step] = {next, count_};
  return_after(step);
  return next;
}

void SampleQueue::return_after(std::int64_t step) {
  const auto& [samples, before] = taken_.at(step);
  count_ = {samples.first + samples.count, before.learnt + samples.count};
}

void SampleQueue::pass_over(std::int64_t step) {
  return_after(step);
  count_.learnt = taken_.at(step).before.learnt;
}

}  // namespace heddle::session
