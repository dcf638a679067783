// What happens at the end of a step: tied gradients are summed, the global norm is taken and clipped, AdamW steps.
#pragma once

#include "heddle/deck/deck.hpp"
#include "heddle/exec/device_machine.hpp"
#include "heddle/train/parameters.hpp"

namespace heddle::train {

/// A parameter that several stages hold, and this rank's group of those that hold the same part of it.
struct Tie {
  std::string name;
  const comm::Communicator* holders;
};

using exec::StepResult;

/// AdamW (Loshchilov & Hutter, arXiv 1711.05101). Weight decay pulls matrices, not biases or norms.
class Optimizer final : public exec::StepHooks {
 public:
  /// All must outlive it. `loss` is the step's loss where this rank's share counts, else a tensor without data.
  Optimizer(const deck::Optimizer& settings, std::vector<TrainedParameter> parameters, std::vector<Tie> ties,
            const comm::Communicator& world, Tensor loss);

  /// `step` counts from 0. The observer of pieces may be null.
  void begin_step(std::int64_t step, double rate, exec::Observer* observer = nullptr);
  void gradients_reduced(const schedule::Action& action) override;
  /// Throws Error(numbers) on every rank, before any parameter has changed, if loss or norm is not finite.
  void step(const schedule::Action& action) override;

  const StepResult& result() const { return result_; }
  const std::vector<TrainedParameter>& parameters() const { return parameters_; }
  const std::vector<Tie>& ties() const { return ties_; }

 private:
  exec::Piece piece(exec::Work work) const { return {.work = work, .action = action_}; }
  double local_sum_of_squares();
  void agree(double squares, double loss);
  void update();

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
};

}  // namespace heddle::train
