// What losses were lately, by which one that leaps up is known.
#pragma once

#include <algorithm>
#include <cstdint>

namespace heddle::train {

/// The mean of the losses of the last hundred steps or so: of all while they are fewer, then each new one has a hundredth of the weight. The same on every
/// rank, and a run that goes on goes on with it.
class RunningLoss {
 public:
  /// `spike`: a loss is one above so many times the mean; 0: none is.
  explicit RunningLoss(double spike = 0, double mean = 0, std::int64_t steps = 0)
      : spike_(spike), mean_(mean), steps_(steps) {}

  void add(double loss) { mean_ += (loss - mean_) / static_cast<double>(std::min(++steps_, window)); }
  bool spikes(double loss) const { return spike_ > 0 && steps_ >= least && loss > spike_ * mean_; }

  double spike() const { return spike_; }
  double mean() const { return mean_; }
  std::int64_t steps() const { return steps_; }

 private:
  static constexpr std::int64_t window = 100, least = 10;  // steps: before so many nothing is judged

  double spike_, mean_;
  std::int64_t steps_;
};

}  // namespace heddle::train
