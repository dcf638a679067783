#include "heddle/comm/watchdog.hpp"

#include <fmt/format.h>
#include <sched.h>

#include <utility>

#include "board.hpp"

namespace heddle::comm {
namespace {
using namespace std::chrono_literals;

constexpr int patient_turns =
    50;  // before the core is yielded: a message between busy ranks takes microseconds
constexpr auto look_every = 5ms;  // at what the watchdog has heard
}  // namespace

PeerFailed::PeerFailed(ExitCode code, int rank) : Error(code, fmt::format("rank {} has failed", rank)) {}

Watchdog::Watchdog() : board_(std::make_unique<Board>()) {}
Watchdog::~Watchdog() = default;

void Watchdog::set_timeout(double timeout, double grace) {
  board_->timeout = timeout;
  board_->grace = grace;
}

void Watchdog::progressed(Hearing hearing) {
  board_->count();
  board_->throw_failure(hearing);
}

void Watchdog::tell_failure(ExitCode code) {
  Note note;
  note.kind = Note::Kind::failed;
  note.code = static_cast<int>(code);
  note.position = board_->epoch;
  for (int rank = 0; rank < board_->post.size; ++rank)
    if (rank != board_->post.rank) board_->post.send(rank, note);
}

bool Watchdog::heard_failure() const { return board_->heard().has_value(); }

// A faster rank's failure of the next epoch may have been heard already, so nothing is forgotten here.
void Watchdog::end_of_failures() {
  const std::lock_guard hold(board_->mutex);
  ++board_->epoch;
}

std::optional<Waiting> Watchdog::Board::exchange(std::optional<Waiting> what) {
  const std::lock_guard hold(mutex);
  return std::exchange(waiting, std::move(what));
}

std::optional<PeerFailed> Watchdog::Board::heard() {
  const std::lock_guard hold(mutex);
  return failure_epoch == epoch ? failure : std::nullopt;
}

void Watchdog::Board::throw_failure(Hearing hearing) {
  if (hearing == Hearing::nothing) return;
  if (const auto failed = heard()) throw *failed;
}

Wait::Wait(Watchdog& watchdog, Waiting what, Hearing hearing)
    : Wait(
          watchdog, [what = std::move(what)] { return what; }, hearing) {}

Wait::Wait(Watchdog& watchdog, std::function<Waiting()> what, Hearing hearing)
    : board_(*watchdog.board_), what_(std::move(what)), hearing_(hearing) {}

Wait::~Wait() {
  if (told_) board_.exchange(std::move(around_));
  board_.count();
}

void Wait::idle() {
  if (++turns_ < patient_turns) return;
  sched_yield();
  const auto now = Clock::now();
  if (now - looked_ < look_every) return;
  looked_ = now;
  auto before = board_.exchange(what_());
  if (!std::exchange(told_, true)) around_ = std::move(before);
  board_.throw_failure(hearing_);
}

}  // namespace heddle::comm
