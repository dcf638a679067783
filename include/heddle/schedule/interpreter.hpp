// The one loop that carries out a row, on whatever machine: predicted and real runs go through
// these same lines.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "heddle/schedule/call_order.hpp"
#include "heddle/schedule/dependencies.hpp"
#include "heddle/schedule/machine.hpp"
#include "heddle/schedule/observer.hpp"

namespace heddle::schedule {

enum class Advance : std::uint8_t {
  moved,    ///< an action was finished
  blocked,  ///< the next action is not ready
  done,     ///< the row is at its end
};

/// How many receives of a row are posted at any time, the one the row stands at included.
inline constexpr int default_lookahead = 2;

/// Carries out one row, in its order or as far from it as the schedule's window lets it stray. The schedule
/// (or the row), the machine and the observer must outlive it.
///
///     while ((advance = interpreter.advance()) != Advance::done)
///       if (advance == Advance::blocked) idle();
class Interpreter {
 public:
  /// `lookahead` is at least 1; the observer may be null. Where the order of calls is given, receives are posted where it
  /// says.
  Interpreter(const Schedule& schedule, PipelineRank rank, Machine& machine,
              int lookahead = default_lookahead, Observer* observer = nullptr,
              const CallOrder* order = nullptr);
  /// In the order of the row.
  Interpreter(const Row& row, Machine& machine, int lookahead = default_lookahead,
              Observer* observer = nullptr);

  /// Posts the next `lookahead` receives, then does the next action if it is ready. Never blocks by itself.
  Advance advance();
  /// Would `advance` do an action?
  bool ready();

  bool done() const { return position_ == row_->size(); }
  /// Index in the row of the first action that is not done.
  std::size_t position() const { return position_; }
  /// This action; there is none when done.
  const Action& next() const { return (*row_)[position_]; }

 private:
  void post_receives();
  std::optional<std::size_t> choose();
  bool may_run(std::size_t index) const;
  void mark_done(std::size_t index);

  const Row* row_;
  Machine* machine_;
  int lookahead_;
  Observer* observer_;
  const std::vector<Post>* posts_ = nullptr;  ///< null: receives are posted ahead
  std::size_t next_post_ = 0;
  int window_ = 1;
  std::optional<Dependencies> dependencies_;  ///< where the window is wider than 1
  std::size_t position_ = 0;
  std::set<std::size_t> ahead_;        ///< done although actions before them are not
  std::optional<std::size_t> chosen_;  ///< the action that is ready
  bool begun_ = false;                 ///< the observer has been told of the action
  std::size_t scan_ = 0;               ///< receives before this index are posted
  int posted_ = 0;                     ///< receives that are posted and not finished
};

/// Runs all rows of a pipeline in one process, each as far as it comes, in turn. Returns `done`, or `blocked`
/// when no row moves any more; then `next()` of each row that is not done can never start.
Advance run_all(std::span<Interpreter> rows);

}  // namespace heddle::schedule
