// A copy of what a rank writes to checkpoints, in the host's memory. It is made on a lane of its own: neither the host waits for it nor what the
// trainer's lane does next, but for the update that would overwrite what is copied.
#pragma once

#include <vector>

#include "heddle/comm/give_up.hpp"
#include "heddle/lanes/memory.hpp"
#include "heddle/session/trainer.hpp"

namespace heddle::session {

class StateCopy {
 public:
  /// Of this trainer on these ranks; both must outlive it. All the memory is taken here: plan::state_copy bytes, where copies from the trainer's
  /// device reach it best.
  StateCopy(const comm::Communicator& ranks, const Trainer& trainer);

  /// Copies what the trainer holds once all is done that its lane was given before, over what was copied earlier. The host goes on. Until the
  /// mark is passed nothing may overwrite the trainer's state: Trainer::keep_state_until.
  lanes::Mark make();
  /// The trainer's, of which those that this rank writes lie in the copy; to be read once the mark is passed.
  const std::vector<train::TrainedParameter>& parameters() const { return parameters_; }

 private:
  void copy(const std::vector<Tensor*>& tensors);

  const Trainer& trainer_;
  lanes::Memory room_;
  lanes::Lane beside_;
  std::vector<train::TrainedParameter> parameters_;
  comm::GiveUp give_up_;  ///< the copy may wait for a message that does not come
};

}  // namespace heddle::session
