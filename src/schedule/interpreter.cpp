// The loop.
#include "heddle/schedule/interpreter.hpp"

#include <algorithm>
#include <utility>

#include "heddle/base/error.hpp"

namespace heddle::schedule {

Interpreter::Interpreter(const Row& row, Machine& machine, int lookahead, EventSink sink)
    : row_(&row), machine_(&machine), lookahead_(lookahead), sink_(std::move(sink)) {
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
  if (!machine_->ready(action)) return Progress::blocked;
  if (is_receive(action.kind))
    --posted_;
  else
    machine_->start(action);
  const Event event = machine_->finish(action);
  ++position_;
  if (sink_) sink_(event);
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
