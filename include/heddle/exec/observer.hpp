// Who watches a step from inside: it is told before and after each piece of work that this rank does.
#pragma once

#include <cstdint>

#include "heddle/kernels/lane.hpp"
#include "heddle/schedule/action.hpp"

namespace heddle::exec {

/// What a rank's step is made of. Pieces follow one another, and none lies within another.
enum class Work : std::uint8_t {
  load,     ///< the step's tokens are copied to where the program finds them
  node,     ///< a node of the program: a kernel, or a map
  bucket,   ///< all-reduces of gradients are started and moved on
  message,  ///< a send or a receive is handed to the message library
  wait,     ///< for what other ranks have yet to do
  norm,     ///< the squares of the gradients are summed
  agree,    ///< sums over ranks at the end of the step: tied gradients, loss and norm
  update,   ///< the optimizer changes the parameters
};
inline constexpr int work_count = static_cast<int>(Work::update) + 1;

struct Piece {
  Work work;
  int node = -1;        ///< index in the program's graph: of a node, or of the map that a wait is for
  int microbatch = -1;  ///< -1 for what is done once a step
  schedule::ActionKind action =
      schedule::ActionKind::step;  ///< of messages, and of waits: the row's action that is not ready
};

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void before(const Piece& piece) = 0;
  /// The kernels of the piece are done.
  virtual void after(const Piece& piece) = 0;
};

/// A piece of work from construction to destruction. Costs a comparison where nobody observes.
class Observed {
 public:
  /// `lane` is the one that the piece starts kernels on; null: none.
  Observed(Observer* observer, const Piece& piece, const kernels::Lane* lane = nullptr)
      : observer_(observer), lane_(lane), piece_(piece) {
    if (observer_) observer_->before(piece_);
  }
  ~Observed() {
    if (!observer_) return;
    if (lane_) lane_->fence();
    observer_->after(piece_);
  }
  Observed(const Observed&) = delete;
  Observed& operator=(const Observed&) = delete;

 private:
  Observer* observer_;
  const kernels::Lane* lane_;
  Piece piece_;
};

}  // namespace heddle::exec
