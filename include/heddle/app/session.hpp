// A training run on this process: the blueprint's stage, set up and stepped through.
#pragma once

#include <memory>

#include "heddle/app/blueprint.hpp"
#include "heddle/comm/world.hpp"

namespace heddle::app {

class Session {
 public:
  /// Collective. Everything that can be wrong with deck, data and output is found here, before the first step.
  Session(const deck::Deck& deck, comm::World& world);
  ~Session();

  /// Trains to the last step, evaluates, writes the checkpoint and the run file.
  void run();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace heddle::app
