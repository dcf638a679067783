#include "heddle/session/recorder.hpp"

#include <fmt/format.h>

#include <utility>

#include "heddle/base/error.hpp"

namespace heddle::session {
namespace {

constexpr double seconds_between_flushes = 5;

}  // namespace

Recorder::Recorder(const comm::Communicator& ranks, const exec::Clock& clock, std::int64_t tokens_per_step)
    : ranks_(ranks), clock_(clock), tokens_per_step_(tokens_per_step) {}

void Recorder::open(io::RunFile file, Warn warn) {
  file_.emplace(std::move(file));
  warn_ = std::move(warn);
}

void Recorder::begin(std::int64_t tokens) {
  tokens_ = tokens;
  begin_ = clock_.now() - (file_ ? file_->seconds_before() : 0.0);
}

io::StepRow Recorder::row_of(const exec::StepResult& result) const {
  return {.step = result.step + 1,
          .loss = result.loss,
          .rate = result.rate,
          .gradient_norm = result.gradient_norm,
          .tokens = tokens_,
          .seconds = clock_.now() - begin_};
}

void Recorder::step_ended(const exec::StepResult& result) {
  tokens_ += tokens_per_step_;
  rows_.push_back(row_of(result));
}

void Recorder::validated(std::int64_t step, double loss) {
  if (!rows_.empty()) {
    HEDDLE_EXPECT(rows_.back().step == step);
    rows_.back().validation_loss = loss;
  } else if (file_) {
    try {
      file_->validated(step, loss);
    } catch (const Error& error) {
      warn_(fmt::format("heddle: {}; the validation loss of step {} is not in it", error.what(), step));
    }
  }
}

void Recorder::passed_over(const io::PassedOver& row) {
  std::erase_if(events_.rows, [&](const io::EventRow& one) { return one.step == row.step; });
  passed_over_.push_back(row);
  write_steps();
}

void Recorder::add_rows() {
  if (file_) {
    for (const io::StepRow& row : rows_) file_->add(row);
    for (const io::PassedOver& row : passed_over_) file_->add(row);
  }
  rows_.clear();
  passed_over_.clear();
}

void Recorder::gather_events() {
  const auto all = io::gather_events(ranks_, events_.rows);
  events_.rows.clear();
  if (!file_) return;
  file_->add(all);
  flush();
}

void Recorder::flush() {
  last_flush_ = clock_.now();
  try {
    file_->flush();
    told_refusal_ = false;
  } catch (const Error& error) {
    if (std::exchange(told_refusal_, true)) return;
    warn_(fmt::format("heddle: {}; its rows are kept, and written when there is room", error.what()));
  }
}

void Recorder::hand_on(std::int64_t steps_done) {
  add_rows();
  if (gathers(steps_done)) gather_events();
  if (file_ && clock_.now() - last_flush_ > seconds_between_flushes) flush();
}

void Recorder::write_steps() {
  add_rows();
  if (file_) flush();
}

void Recorder::write_all() {
  add_rows();
  gather_events();
}

void Recorder::finish() {
  gather_events();
  if (file_) file_->finish();
}

void Recorder::keep() {
  if (!file_) return;
  try {
    add_rows();
    file_->flush();
  } catch (const std::exception&) {  // the first error is the one to report
  }
}

}  // namespace heddle::session
