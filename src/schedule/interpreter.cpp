// The loop.
#include "heddle/schedule/interpreter.hpp"

#include <algorithm>
#include <utility>

#include "heddle/base/error.hpp"
#include "heddle/schedule/overtake.hpp"

namespace heddle::schedule {

Interpreter::Interpreter(const Row& row, Machine& machine, int lookahead, Observer* observer)
    : row_(&row), machine_(&machine), lookahead_(lookahead), observer_(observer) {
  HEDDLE_EXPECT(lookahead >= 1);
}

Interpreter::Interpreter(const Schedule& schedule, PipelineRank rank, Machine& machine, int lookahead,
                         Observer* observer, const CallOrder* order)
    : Interpreter(schedule.rows[rank], machine, lookahead, observer) {
  if (order) posts_ = &order->posts[rank];
  window_ = schedule.window;
  HEDDLE_EXPECT(window_ == 1 || !order);
  if (window_ > 1) dependencies_.emplace(schedule);
}

void Interpreter::post_receives() {
  if (posts_) {
    for (; next_post_ < posts_->size() && (*posts_)[next_post_].before <= position_; ++next_post_)
      machine_->start((*row_)[(*posts_)[next_post_].receive]);
    return;
  }
  for (; scan_ < row_->size() && posted_ < lookahead_; ++scan_) {
    const Action& action = (*row_)[scan_];
    if (!is_receive(action.kind)) continue;
    machine_->start(action);
    ++posted_;
  }
}

bool Interpreter::may_run(std::size_t index) const {
  const Action& action = (*row_)[index];
  if (is_receive(action.kind) && index >= scan_) return false;
  for (std::size_t before = position_; before < index; ++before)
    if (!ahead_.contains(before) && !may_overtake(action, (*row_)[before], *dependencies_)) return false;
  return true;
}

std::optional<std::size_t> Interpreter::choose() {
  if (window_ == 1) return machine_->ready(next()) ? std::optional(position_) : std::nullopt;
  std::vector<std::size_t> indices;  // in the row, of `actions`
  Row actions;
  const std::size_t end = std::min(row_->size(), position_ + static_cast<std::size_t>(window_));
  std::set<std::pair<int, ActionKind>> met;  // nothing overtakes its own kind: only the first of each may run
  for (std::size_t index = position_; index < end; ++index) {
    const Action& action = (*row_)[index];
    if (ahead_.contains(index) || !met.emplace(action.stage, action.kind).second) continue;
    if (!may_run(index)) continue;
    indices.push_back(index);
    actions.push_back(action);
  }
  const auto found = machine_->first_ready(actions);
  return found ? std::optional(indices[*found]) : std::nullopt;
}

bool Interpreter::ready() {
  post_receives();
  if (window_ == 1 && observer_ && !std::exchange(begun_, true)) observer_->action_begins(next());
  if (!chosen_) chosen_ = choose();
  return chosen_.has_value();
}

Advance Interpreter::advance() {
  if (done()) return Advance::done;
  if (!ready()) return Advance::blocked;
  const std::size_t index = *std::exchange(chosen_, std::nullopt);
  const Action& action = (*row_)[index];
  if (window_ > 1 && observer_) observer_->action_begins(action);
  if (is_receive(action.kind))
    --posted_;
  else
    machine_->start(action);
  const Event event = machine_->finish(action);
  mark_done(index);
  begun_ = false;
  if (observer_) observer_->action_ended(event);
  return Advance::moved;
}

void Interpreter::mark_done(std::size_t index) {
  if (index != position_) {
    ahead_.insert(index);
    return;
  }
  ++position_;
  while (ahead_.erase(position_) > 0) ++position_;
}

Advance run_all(std::span<Interpreter> rows) {
  for (bool moved = true; moved;) {
    moved = false;
    for (Interpreter& row : rows)
      while (row.advance() == Advance::moved) moved = true;
  }
  return std::ranges::all_of(rows, &Interpreter::done) ? Advance::done : Advance::blocked;
}

}  // namespace heddle::schedule
