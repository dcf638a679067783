// Who watches a training run from inside: steps, the actions of each, and the pieces of work that an action
// is made of. The profiler of `heddle bench`, the events of run.h5, the progress line and injected faults are
// observers; docs/observers.md shows how to write one.
#pragma once

#include <cstdint>
#include <exception>
#include <span>
#include <vector>

#include "heddle/base/tensor.hpp"
#include "heddle/lanes/lane.hpp"
#include "heddle/schedule/observer.hpp"

namespace heddle::exec {

/// What a rank's step is made of. Pieces follow one another, and none lies within another.
enum class Work : std::uint8_t {
  load,       ///< the step's tokens are copied to where the program finds them
  node,       ///< a node of the program that is a kernel
  recompute,  ///< such a node of backward that recomputes what forward did not keep
  map,  ///< a node of the program that moves data between ranks; what it waits for is a `wait` with its node
  bucket,   ///< all-reduces of gradients are started and moved on
  message,  ///< a send or a receive is handed to the message library; receives are posted ahead of their turn
  wait,     ///< for what other ranks have yet to do
  norm,     ///< the squares of the gradients are summed
  agree,    ///< sums over ranks at the end of the step: loss and norm
  update,   ///< the optimizer changes the parameters
  undo,     ///< the optimizer takes back an update that must not count
};
inline constexpr int work_count = static_cast<int>(Work::undo) + 1;

/// Stage and microbatch of what belongs to no action.
inline constexpr schedule::Action no_action{schedule::ActionKind::step, Stage(-1), -1};

struct Piece {
  Work work;
  int node = -1;  ///< index in the program's graph: of a node, or of the map that a wait is for
  schedule::Action action = no_action;        ///< that it belongs to, with its stage and microbatch
  std::span<const Tensor> in = {}, out = {};  ///< of a node, where they lie on its lane, until the piece ends
  bool adds = false;                          ///< a node's: to what `out` holds
};

/// What a step tells, equal on every rank.
struct StepResult {
  std::int64_t step = -1;    ///< 0 is the run's first
  double loss = 0;           ///< mean over the tokens of the step
  double gradient_norm = 0;  ///< of all parameters, before clipping
  double rate = 0;           ///< of learning
  bool stop = false;         ///< some rank wants the run to stop after it
  bool writes = false;       ///< some rank was still writing its part of a checkpoint
};

/// All is told on the rank that does it. Every function may be left as it is.
class Observer : public schedule::Observer {
 public:
  virtual void step_begins(std::int64_t /*step*/) {}
  /// The step counts: loss and norm are finite, and parameters have been updated.
  virtual void step_ended(const StepResult& /*result*/) {}

  /// Whether it is told of pieces too.
  virtual bool watches_pieces() const { return false; }
  /// Whether a piece then waits for its kernels before it ends, which takes time. Who takes times from marks of
  /// the lane need not.
  virtual bool waits_for_pieces() const { return watches_pieces(); }
  virtual void piece_begins(const Piece& /*piece*/) {}
  /// The kernels of the piece are done, if anybody waits for pieces; else they are enqueued.
  virtual void piece_ended(const Piece& /*piece*/) {}
};

/// Several observers as one, told in the order in which they were added. They must outlive it.
class Observers final : public Observer {
 public:
  void add(Observer& observer);

  void step_begins(std::int64_t step) override;
  void step_ended(const StepResult& result) override;
  void action_begins(const schedule::Action& action) override;
  void action_ended(const schedule::Event& event) override;
  bool watches_pieces() const override { return !of_pieces_.empty(); }
  bool waits_for_pieces() const override;
  void piece_begins(const Piece& piece) override;
  void piece_ended(const Piece& piece) override;

 private:
  std::vector<Observer*> all_, of_pieces_;
};

/// A piece of work from construction to destruction. Costs a comparison where nobody observes.
class Observed {
 public:
  /// `lane` is the one that the piece starts kernels on; null: none.
  Observed(Observer* observer, const Piece& piece, const lanes::Lane* lane = nullptr)
      : observer_(observer), lane_(lane), piece_(piece) {
    if (observer_) observer_->piece_begins(piece_);
  }
  /// Of a step that fails nobody is told, nor is its lane waited for.
  ~Observed() noexcept(false) {
    if (!observer_ || std::uncaught_exceptions() > errors_) return;
    if (lane_ && observer_->waits_for_pieces()) lane_->fence("the end of a piece of work");
    observer_->piece_ended(piece_);
  }
  Observed(const Observed&) = delete;
  Observed& operator=(const Observed&) = delete;

 private:
  Observer* observer_;
  const lanes::Lane* lane_;
  Piece piece_;
  int errors_ = std::uncaught_exceptions();
};

}  // namespace heddle::exec
