// What happens at the end of a step: tied gradients are summed, the global norm is taken and clipped, AdamW steps, and the step is found to
// count or is taken back.
#pragma once

#include "heddle/deck/deck.hpp"
#include "heddle/exec/device_machine.hpp"
#include "heddle/train/parameters.hpp"

namespace heddle::train {

/// A parameter that several pipeline ranks hold, and this rank's group of those that hold the same part of it. Its gradients are
/// summed; then either each steps it, or the first does, which alone has moments, and broadcasts its value.
struct Tie {
  std::string name;
  const comm::Communicator* holders;
  deck::Tied way = deck::Tied::replicate;
};

using exec::StepResult;

/// AdamW (Loshchilov & Hutter, arXiv 1711.05101). Weight decay pulls matrices, not biases or norms.
///
/// A step counts if loss and global norm are finite, and is scaled down if the norm is more than `clip`. All ranks agree on both in one sum.
/// With Validate::before a rank waits for it at STEP. With Validate::after it goes on: the update is made as if nothing were clipped
/// (unless what this rank knows by itself says otherwise), into memory beside the old state, and `settle` makes it anew from the old state, or
/// takes it back, where the sum says that it was wrong (Qi et al., Zero Bubble Pipeline Parallelism, arXiv 2401.10241, section 4). The
/// same bits either way.
class Optimizer final : public exec::StepHooks {
 public:
  /// All must outlive it. `loss` is the step's loss where this rank's share counts, else a tensor without data.
  Optimizer(const deck::Optimizer& settings, std::vector<TrainedParameter> parameters, std::vector<Tie> ties,
            const comm::Communicator& world, Tensor loss);

  /// `step` counts from 0. The observer of pieces may be null.
  void begin_step(std::int64_t step, double rate, exec::Observer* observer = nullptr);
  void gradients_reduced(const schedule::Action& action) override;
  /// With Validate::before, settles.
  void step(const schedule::Action& action) override;
  /// Returns when the last step counts: to be called before anything reads parameters that it must not be wrong about. Throws
  /// Error(numbers) on every rank if loss or norm is not finite; parameters and moments are then what they were before the step.
  void settle();
  /// Whether a step waits for `settle`.
  bool unsettled() const { return unsettled_; }

  /// Of the last step that was settled, also if it did not count.
  const StepResult& result() const { return result_; }
  const std::vector<TrainedParameter>& parameters() const { return parameters_; }
  const std::vector<Tie>& ties() const { return ties_; }

 private:
  exec::Piece piece(exec::Work work) const { return {.work = work, .action = action_}; }
  double local_sum_of_squares();
  void begin_to_agree(double squares, double loss);
  void agree();
  bool clips(double norm) const { return settings_.clip > 0 && norm > settings_.clip; }
  void decide();
  void update(double scale);
  void update(TrainedParameter& parameter, const kernels::AdamWStep& adamw);
  void take_back();
  void hand_on();

  deck::Optimizer settings_;
  std::vector<TrainedParameter> parameters_;
  std::vector<Tie> ties_;
  const comm::Communicator& world_;
  Tensor loss_;
  kernels::Memory square_memory_;  ///< a number a parameter
  kernels::Lane lane_;
  std::int64_t step_ = 0;
  double rate_ = 0;
  schedule::Action action_ = exec::no_action;  ///< that is carried out
  exec::Observer* observer_ = nullptr;
  StepResult result_;

  std::shared_ptr<std::vector<double>>
      sums_;  ///< of squares and of the loss, over all ranks once agreed_ is done
  comm::Request agreed_;
  bool unsettled_ = false;
  bool updated_ = false;       ///< the unsettled step's update has been made, without clipping
  bool last_clipped_ = false;  ///< the settled one's: the next is likely to clip too
};

}  // namespace heddle::train
