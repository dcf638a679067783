// What a step does when the gradients are there: it learns whether it counts, runs the nodes of the program's
// last phases with the numbers of AdamW, and takes an update back that should not have been.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "heddle/base/finite.hpp"
#include "heddle/comm/collectives.hpp"
#include "heddle/deck/deck.hpp"
#include "heddle/exec/device_machine.hpp"
#include "heddle/train/running_loss.hpp"

namespace heddle::train {

using exec::StepResult;

/// What a rank says beside its share of a step's sums: StepResult has what some rank said.
struct Votes {
  bool stop = false, writes = false;
};

/// Of a step that does not count: its numbers are not finite, or its loss is a spike.
class Refused : public Error {
 public:
  Refused(std::string the_problem, std::string the_why)
      : Error(ExitCode::numbers, the_problem, the_why, against_divergence),
        problem(std::move(the_problem)),
        why(std::move(the_why)) {}

  std::string problem, why;
};

/// AdamW (Loshchilov & Hutter, arXiv 1711.05101), whose nodes passes::with_step_end has put into the program.
///
/// A step counts if loss and global norm are finite, and is scaled down if the norm is more than `clip`. All
/// ranks agree on both in one sum. With Validate::before a rank waits for it at STEP. With Validate::after it
/// goes on: the update is made as if nothing were clipped (unless what this rank knows by itself says
/// otherwise), into memory beside the old state, and `settle` makes it once more from the old state, or takes
/// it back, where the sum says that it was wrong (Qi et al., Zero Bubble Pipeline Parallelism, arXiv
/// 2401.10241, section 4). The same bits either way.
class Optimizer final : public exec::StepHooks {
 public:
  /// All must outlive it. `ranks` are all of the grid; `loss` is the step's loss where this rank's share
  /// counts, else a tensor without data. `votes` is asked once a step.
  Optimizer(const deck::Optimizer& settings, exec::ProgramRunner& runner, const comm::Communicator& ranks,
            Tensor loss, RunningLoss losses = RunningLoss(), std::function<Votes()> votes = {});

  /// `step` counts from 0. From now on what `refusal` tells is its.
  void begin_step(std::int64_t step, double rate);
  /// With Validate::before, settles.
  void step(const exec::RunState& state) override;
  /// Returns when the last step counts: to be called before anything reads parameters that it must not be
  /// wrong about.
  void settle();
  /// The next update is begun once `mark` is passed, of the runner's device: parameters and moments stay as they are until then.
  void keep_state_until(lanes::Mark mark) { state_kept_until_ = std::move(mark); }
  /// Whether a step waits for `settle`.
  bool unsettled() const { return unsettled_; }

  /// Of the last step that was settled, also if it did not count.
  const StepResult& result() const { return result_; }
  /// Why it does not count, on every rank: loss or norm are not finite, or the loss is a spike. Parameters and moments are then what
  /// they were before the step. None: it counts.
  const std::optional<Refused>& refusal() const { return refusal_; }
  /// Of the steps that counted.
  const RunningLoss& losses() const { return losses_; }
  void go_on(const RunningLoss& losses) { losses_ = losses; }

 private:
  double local_sum_of_squares();
  void begin_to_agree(double squares, double loss);
  void agree();
  bool clips(double norm) const { return settings_.clip > 0 && norm > settings_.clip; }
  void decide();
  std::optional<Refused> judge() const;
  void update(double scale);
  void take_back();
  void exchange_moments();

  deck::Optimizer settings_;
  exec::ProgramRunner& runner_;
  const comm::Communicator& ranks_;
  Tensor loss_;
  std::function<Votes()> votes_;
  std::int64_t step_ = 0;
  double rate_ = 0;
  exec::RunState state_;  ///< of the step that is under way
  lanes::Mark state_kept_until_;
  StepResult result_;

  std::shared_ptr<std::vector<double>>
      sums_;  ///< of squares, of the loss, and of the votes, over all ranks once agreed_ is done
  comm::Request agreed_;
  std::optional<Refused> refusal_;
  RunningLoss losses_;
  bool unsettled_ = false;
  bool updated_ = false;       ///< the unsettled step's update has been made, without clipping
  bool last_clipped_ = false;  ///< the settled one's: the next is likely to clip too
};

}  // namespace heddle::train
