// Faults put into a run on purpose, to see how it ends and what it says: `heddle run DECK --fault 1F3:hang`.
#pragma once

#include <limits>
#include <string>

#include "heddle/session/trainer.hpp"

namespace heddle::session {

struct Fault {
  enum class Kind {
    delay,  ///< the rank sleeps before the action
    hang,   ///< it sleeps for ever
    fail,   ///< it throws
    nan,  ///< before STEP: the gradient of a parameter that it counts is not a number; or a number of `value`, once it is made
  };
  std::string action;  ///< as the schedule writes it: "1F3"
  Kind kind = Kind::delay;
  std::int64_t step = 1;   ///< 1 is the run's first
  int rank = -1;           ///< -1: the first that carries out the action
  double seconds = 1;      ///< of a delay
  std::string value = {};  ///< of the graph, that the action makes
  std::int64_t times = std::numeric_limits<std::int64_t>::max();  ///< that the step may yet be begun so

  friend bool operator==(const Fault&, const Fault&) = default;
};

/// "1F3:delay:seconds=0.5:step=20:rank=4". Throws Error(usage).
Fault read_fault(const std::string& text);

class FaultInjector final : public exec::Observer {
 public:
  /// Throws Error(usage) on every rank where no rank carries out such an action, or the kind does not fit it.
  /// All must outlive it. Counts the fault's times.
  FaultInjector(Fault& fault, const plan::Plan& plan, const Trainer& trainer, const comm::World& world);

  void step_begins(std::int64_t step) override { is_step_ = step + 1 == fault_.step && fault_.times-- > 0; }
  void action_begins(const schedule::Action& action) override;
  bool watches_pieces() const override { return mine_ && !fault_.value.empty(); }
  void piece_ended(const exec::Piece& piece) override;

 private:
  bool is_now(const schedule::Action& action) const {
    return mine_ && is_step_ && name(action) == fault_.action;
  }
  void choose_rank(const plan::Plan& plan, int ranks);
  void check_value(const plan::Plan& plan) const;

  Fault& fault_;
  const Trainer& trainer_;
  bool mine_ = false;
  bool is_step_ = false;
};

}  // namespace heddle::session
