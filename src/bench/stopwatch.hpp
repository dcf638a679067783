// Times every piece of a rank's steps, by marks of the lane that does them: nobody waits for a piece. What it does for that
// lies between the pieces, not in them.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

#include "heddle/exec/observer.hpp"
#include "heddle/lanes/lane.hpp"

namespace heddle::bench {

class Stopwatch final : public exec::Observer {
 public:
  /// For a program of so many nodes, which run on `lane`.
  Stopwatch(std::size_t nodes, lanes::Lane lane) : nodes_(nodes), lane_(std::move(lane)) {}

  /// What one kind of piece came to in a step.
  struct Tally {
    int calls = 0;
    double seconds = 0;
  };
  using Step = std::vector<Tally>;  ///< by slot

  /// Those before the last one are complete, and it is once `finish` has come after it.
  const std::vector<Step>& steps() const { return steps_; }
  /// The lane has come to the end of the step.
  void finish() {
    tally_passed();
    HEDDLE_EXPECT(pending_.empty());
  }

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
  bool waits_for_pieces() const override { return false; }
  void piece_begins(const exec::Piece&) override { begin_ = lane_.moment(); }
  void piece_ended(const exec::Piece& piece) override {
    pending_.push_back({slot(piece), std::move(begin_), lane_.moment()});
    tally_passed();
  }

 private:
  struct Pending {
    std::size_t slot;
    lanes::Mark begin, end;
  };
  void tally_passed() {
    for (; !pending_.empty() && pending_.front().end.passed(); pending_.pop_front()) {
      const auto& [slot, begin, end] = pending_.front();
      Tally& tally = steps_.back()[slot];
      ++tally.calls;
      tally.seconds += std::chrono::duration<double>(end.when() - begin.when()).count();
    }
  }
  std::size_t first_slot(exec::Work work) const {
    return 2 * nodes_ + static_cast<std::size_t>(work) * schedule::action_kind_count;
  }

  std::size_t nodes_;
  lanes::Lane lane_;
  std::vector<Step> steps_;
  lanes::Mark begin_;
  std::deque<Pending> pending_;  ///< in their order
};

}  // namespace heddle::bench
