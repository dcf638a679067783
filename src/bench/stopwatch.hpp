// Times every piece of a rank's steps. What it does for that lies between the pieces, not in them.
#pragma once

#include <cstddef>
#include <vector>

#include "heddle/exec/device_machine.hpp"
#include "heddle/exec/observer.hpp"

namespace heddle::bench {

class Stopwatch final : public exec::Observer {
 public:
  /// For a program of so many nodes.
  explicit Stopwatch(std::size_t nodes) : nodes_(nodes) {}

  /// What one kind of piece came to in a step.
  struct Tally {
    int calls = 0;
    double seconds = 0;
  };
  using Step = std::vector<Tally>;  ///< by slot

  const std::vector<Step>& steps() const { return steps_; }

  /// One slot for every node, for the wait for every node, for messages and other waits by action, and for
  /// every other work.
  std::size_t slot(const exec::Piece& piece) const {
    using exec::Work;
    if (piece.node >= 0)
      return static_cast<std::size_t>(piece.node) + (piece.work == Work::wait ? nodes_ : 0);
    const bool by_action = piece.work == Work::message || piece.work == Work::wait;
    return first_slot(piece.work) + (by_action ? static_cast<std::size_t>(piece.action.kind) : 0);
  }
  std::size_t slots() const {
    return 2 * nodes_ + std::size_t{exec::work_count} * schedule::action_kind_count;
  }

  /// In the last step, of work that is no node's.
  int calls(exec::Work work) const {
    int sum = 0;
    for (std::size_t kind = 0; kind < schedule::action_kind_count; ++kind)
      sum += steps_.back()[first_slot(work) + kind].calls;
    return sum;
  }

  void step_begins(std::int64_t) override { steps_.emplace_back(slots()); }
  bool watches_pieces() const override { return true; }
  void piece_begins(const exec::Piece&) override { begin_ = clock_.now(); }
  void piece_ended(const exec::Piece& piece) override {
    const double end = clock_.now();
    Tally& tally = steps_.back()[slot(piece)];
    ++tally.calls;
    tally.seconds += end - begin_;
  }

 private:
  std::size_t first_slot(exec::Work work) const {
    return 2 * nodes_ + static_cast<std::size_t>(work) * schedule::action_kind_count;
  }

  std::size_t nodes_;
  exec::Clock clock_;
  std::vector<Step> steps_;
  double begin_ = 0;
};

}  // namespace heddle::bench
