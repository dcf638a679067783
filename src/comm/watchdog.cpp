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
constexpr auto look_every = 5ms;      // to other ranks' notes
constexpr double takeover_step = .1;  // seconds between the ranks that would report in rank 0's place

double seconds(std::chrono::steady_clock::duration time) {
  return std::chrono::duration<double>(time).count();
}
}  // namespace

PeerFailed::PeerFailed(ExitCode code, int rank) : Error(code, fmt::format("rank {} has failed", rank)) {}

Watchdog::Watchdog() : board_(std::make_unique<Board>()) {}
Watchdog::~Watchdog() = default;

void Watchdog::set_timeout(double timeout, double grace) {
  board_->timeout = timeout;
  board_->grace = grace;
}

double Watchdog::timeout() const { return board_->timeout; }

void Watchdog::tell_failure(ExitCode code) {
  Note note;
  note.kind = Note::Kind::failed;
  note.code = static_cast<int>(code);
  note.position = board_->epoch;
  for (int rank = 0; rank < board_->post.size; ++rank)
    if (rank != board_->post.rank) board_->post.send(rank, note);
}

bool Watchdog::heard_failure() const { return board_->heard_failure(); }

// A faster rank's failure of the next epoch may have been heard already, so nothing is forgotten here.
void Watchdog::end_of_failures() { ++board_->epoch; }

void Watchdog::Board::hear(const Post::Letter& letter, const Waiting& what, double waited) {
  switch (letter.note.kind) {
    case Note::Kind::failed:
      failure.emplace(static_cast<ExitCode>(letter.note.code), letter.from);
      failure_epoch = letter.note.position;
      break;
    case Note::Kind::question:
      asked = true;
      post.send(letter.from, Note::of(Note::Kind::answer, what, waited));
      break;
    case Note::Kind::overdue: report(what, waited);
    case Note::Kind::answer: break;  // too late for a report that this rank has given up
  }
}

void Watchdog::Board::overdue(const Waiting& what, double waited) {
  if (post.rank == 0) report(what, waited);
  if (told < 0) {
    told = waited;
    post.send(0, Note::of(Note::Kind::overdue, what, waited));
  }
  if (!asked && waited - told > grace + takeover_step * post.rank) report(what, waited);
}

void Watchdog::Board::look(const Waiting& what, double waited, Hearing hearing) {
  while (auto letter = post.receive()) hear(*letter, what, waited);
  if (heard_failure() && hearing == Hearing::failures) throw *failure;
  if (waited > timeout) overdue(what, waited);
}

Wait::Wait(Watchdog& watchdog, Waiting what, Hearing hearing)
    : Wait(
          watchdog, [what = std::move(what)] { return what; }, hearing) {}

Wait::Wait(Watchdog& watchdog, std::function<Waiting()> what, Hearing hearing)
    : board_(*watchdog.board_),
      what_(std::move(what)),
      hearing_(hearing),
      begin_(Clock::now()),
      looked_(begin_) {
  board_.told = -1;
}

void Wait::idle() {
  if (++turns_ < patient_turns) return;
  sched_yield();
  const auto now = Clock::now();
  if (now - looked_ < look_every) return;
  looked_ = now;
  board_.look(what_(), seconds(now - begin_), hearing_);
}

}  // namespace heddle::comm
