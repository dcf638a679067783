// The watchdog's thread: measures this rank's silence, hears other ranks and answers them.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <utility>

#include "board.hpp"
#include "heddle/base/terminal.hpp"

namespace heddle::comm {
namespace {
using namespace std::chrono_literals;

constexpr auto turn = 10ms;
/// A process that is stopped and continued sees a long turn in which it could not run, and so much of it counts.
constexpr double longest_turn = .25;
/// Seconds between ranks that would ask at the same time, the first ranks; all others come after them.
constexpr double rank_step = .02;
constexpr int steps = 10;

/// What the rank's own thread has brought to files, as Linux counts it: a long part of a checkpoint gets on. What goes through
/// sockets is not counted. 0 where nobody tells.
std::uint64_t bytes_written() {
  std::ifstream counts(fmt::format("/proc/self/task/{}/io", ::getpid()));
  std::string word;
  std::uint64_t bytes = 0;
  while (counts >> word)
    if (word == "write_bytes:") counts >> bytes;
  return bytes;
}
}  // namespace

Watchdog::Board::Board() : owes_(static_cast<std::size_t>(post.size)) {
  if (post.size > 1) thread_ = std::thread([this] { listen(); });
}

Watchdog::Board::~Board() { end(); }

void Watchdog::Board::end() {
  ends_ = true;
  if (thread_.joinable()) thread_.join();
}

void Watchdog::Board::listen() try {
  while (!ends_) {
    std::this_thread::sleep_for(turn);
    measure();
    while (auto letter = post.receive()) hear(*letter);
    if (held_off_ == 0 && silence_ - excused_ > timeout + rank_step * std::min(post.rank, steps))
      ask_who_hangs();
  }
} catch (const std::exception& failed) {  // MPI's, which nobody waits for here
  print_error(fmt::format("the watchdog of rank {}: {}", post.rank, failed.what()));
  MPI_Abort(MPI_COMM_WORLD, static_cast<int>(ExitCode::failure));
}

double Watchdog::Board::measure() {
  const Clock::time_point now = Clock::now();
  const double passed =
      std::min(longest_turn, std::chrono::duration<double>(now - std::exchange(measured_, now)).count());
  silence_ += passed;
  held_off_ -= std::min(held_off_, passed);
  const std::uint64_t count = finished.load(std::memory_order_relaxed);
  const std::optional<std::uint64_t> bytes =
      silence_ > timeout / 8 ? std::optional(bytes_written()) : std::nullopt;
  const bool writes = bytes && bytes_ && *bytes != *bytes_;
  bytes_ = bytes;
  if (count != std::exchange(seen_, count) || writes) silence_ = excused_ = 0;
  return passed;
}

void Watchdog::Board::hear(const Post::Letter& letter) {
  switch (letter.note.kind) {
    case Note::Kind::failed: {
      const std::lock_guard hold(mutex);
      if (letter.note.position <= failure_epoch) break;  // notes of two ranks come in any order
      failure.emplace(static_cast<ExitCode>(letter.note.code), letter.from);
      failure_epoch = letter.note.position;
      break;
    }
    case Note::Kind::question:
      held_off_ = 2 * grace;
      post.send(letter.from, answer());
      break;
    case Note::Kind::answer: owes_[static_cast<std::size_t>(letter.from)] = 0; break;
    case Note::Kind::over:
      std::this_thread::sleep_for(1s);  // for the launcher to end all, if the sender's host still reaches it
      std::_Exit(static_cast<int>(ExitCode::hang));
  }
}

Note Watchdog::Board::answer() {
  {
    const std::lock_guard hold(mutex);
    if (waiting) return Note::answer(*waiting, true, silence_);
  }
  return Note::answer({silence_ > timeout ? of_rank_.tell() : ""}, false, silence_);
}

// Two ranks that ask at once hear each other's question before its answer, so one of them alone goes on.
std::optional<Answers> Watchdog::Board::ask_all() {
  Answers answers(owes_.size());
  answers[static_cast<std::size_t>(post.rank)] = answer();
  Note question;
  question.kind = Note::Kind::question;
  for (int rank = 0; rank < post.size; ++rank)
    if (rank != post.rank) post.send(rank, question);
  while (waits_for_one(answers)) {
    const double passed = measure();
    if (silence_ == 0 || ends_) return {};
    for (std::size_t rank = 0; rank < owes_.size(); ++rank)
      if (!answers[rank]) owes_[rank] += passed;
    while (auto letter = post.receive()) {
      hear(*letter);
      if (letter->note.kind == Note::Kind::answer)
        answers[static_cast<std::size_t>(letter->from)] = letter->note;
      if (letter->note.kind == Note::Kind::question && letter->from < post.rank) return {};
    }
    std::this_thread::sleep_for(1ms);
  }
  held_off_ = 0;
  return answers;
}

bool Watchdog::Board::waits_for_one(const Answers& answers) const {
  for (std::size_t rank = 0; rank < owes_.size(); ++rank)
    if (!answers[rank] && owes_[rank] < grace) return true;
  return false;
}

void Watchdog::Board::ask_who_hangs() {
  const std::optional<Answers> answers = ask_all();
  if (!answers) return;
  const double asked = (*answers)[static_cast<std::size_t>(post.rank)]->seconds;
  double least = asked;
  bool hang = false;
  for (const auto& note : *answers) {
    hang = hang || !note || note->waits;
    if (note) least = std::min(least, note->seconds);
  }
  if (hang && least > timeout) report(*answers);
  excused_ = least > timeout ? silence_ : asked - least;
}

}  // namespace heddle::comm
