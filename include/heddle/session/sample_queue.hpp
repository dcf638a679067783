// Which samples the steps of a run learn, one step's after the other's.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "heddle/data/sampler.hpp"

namespace heddle::session {

/// Samples [first, first + count) of a run.
struct Samples {
  std::int64_t first = 0, count = 0;
  friend bool operator==(const Samples&, const Samples&) = default;
};

class SampleQueue {
 public:
  /// The dataset must outlive it. `a_step` samples at a time, and none of `pass_over`.
  SampleQueue(const data::Dataset& dataset, const deck::Data& data, std::int64_t a_step,
              std::vector<Samples> pass_over);

  /// Of those that a run has come by: consumed, which is the position in the data, and learnt, the rest being passed over.
  struct Count {
    std::int64_t consumed = 0, learnt = 0;
    friend bool operator==(const Count&, const Count&) = default;
  };
  void go_on(const Count& count) { count_ = count; }
  const Count& count() const { return count_; }

  /// The next ones, for a step.
  Samples take(std::int64_t step);
  /// What a step took that may yet turn out not to count: it is the last or the one before.
  const Samples& of(std::int64_t step) const { return taken_.at(step).samples; }
  /// What a later step took is returned.
  void return_after(std::int64_t step);
  /// So it is, and this step has learnt nothing.
  void pass_over(std::int64_t step);

  /// The part of `of` that begins behind so many of them.
  data::Batch batch(const Samples& of, std::int64_t behind, std::int64_t count) const {
    return sampler_.batch(of.first + behind, count);
  }

 private:
  data::Sampler sampler_;
  std::int64_t a_step_;
  std::vector<Samples> pass_over_;
  struct Taken {
    Samples samples;
    Count before;
  };
  Count count_;
  std::map<std::int64_t, Taken> taken_;  ///< by steps
};

}  // namespace heddle::session
