// The loop.
#include "heddle/schedule/interpreter.hpp"

#include <algorithm>

#include "heddle/base/error.hpp"

namespace heddle::schedule {

Interpreter::Interpreter(const Row& row, Machine& machine, int lookahead, Observer* observer)
    : row_(&row), machine_(&machine), lookahead_(lookahead), observer_(observer) {
  HEDDLE_EXPECT(lookahead >= 1);
}

void Interpreter::post_receives() {
  for (; scan_ < row_->size() && posted_ < lookahead_; ++scan_) {
    const Action& action = (*row_)[scan_];
    if (!is_receive(action.kind)) continue;
    machine_->start(action);
    ++posted_;
  }
}

Progress Interpreter::advance() {
  if (done()) return Progress::done;
  post_receives();
  const Action& action = next();
  if (observer_ && !begun_) observer_->action_begins(action);
  begun_ = true;
  if (!machine_->ready(action)) return Progress::blocked;
  if (is_receive(action.kind))
    --posted_;
  else
    machine_->start(action);
  const Event event = machine_->finish(action);
  ++position_;
  begun_ = false;
  if (observer_) observer_->action_ended(event);
  return Progress::moved;
}

Progress run_all(std::span<Interpreter> rows) {
  for (bool moved = true; moved;) {
    moved = false;
    for (Interpreter& row : rows)
      while (row.advance() == Progress::moved) moved = true;
  }
  return std::ranges::all_of(rows, &Interpreter::done) ? Progress::done : Progress::blocked;
}

}  // namespace heddle::schedule
