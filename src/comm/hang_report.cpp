// The table that ends a run that hangs.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "board.hpp"

namespace heddle::comm {
namespace {
std::string count(std::int64_t position) { return position < 0 ? "-" : std::to_string(position); }

std::string waiters_for(int rank, const Answers& answers) {
  std::string ranks;
  for (std::size_t r = 0; r < answers.size(); ++r)
    if (answers[r] && answers[r]->partner == rank) ranks += fmt::format("{}{}", ranks.empty() ? "" : ", ", r);
  return ranks.empty() ? "" : fmt::format("; ranks that wait for it: {}", ranks);
}

std::string row(int rank, const Answers& answers) {
  const auto& note = answers[rank];
  if (!note) return fmt::format("{:>5}  no answer (stopped or dead){}\n", rank, waiters_for(rank, answers));
  if (!note->waits)
    return fmt::format("{:>5}  nothing: at work for {:.1f} s{}{}{}\n", rank, note->seconds,
                       *note->action ? " in " : "", note->action, waiters_for(rank, answers));
  std::string partner = "a group", partner_done = "-";
  if (note->partner >= 0) {
    partner = fmt::format("rank {}", note->partner);
    const auto& other = answers[note->partner];
    partner_done = other ? count(other->position) : "no answer";
  }
  return fmt::format("{:>5}  {:<40} {:>9} {:>9} {:>13} {:>8.1f} s\n", rank, note->action, partner,
                     count(note->position), partner_done, note->seconds);
}

std::string verdict(const Answers& answers, const std::vector<std::string>& hosts) {
  std::string without_answer, at_work;
  for (std::size_t rank = 0; rank < answers.size(); ++rank) {
    const auto& note = answers[rank];
    if (note && note->waits) continue;
    std::string& text = note ? at_work : without_answer;
    text += fmt::format("{}{} on {}", text.empty() ? "" : ", ", rank,
                        rank < hosts.size() ? hosts[rank] : "unknown host");
  }
  if (!without_answer.empty()) return "no answer from rank " + without_answer;
  if (!at_work.empty()) return "all others wait, but nothing comes from rank " + at_work;
  return "every rank answers: each waits for another, so look for the one whose count is lowest";
}
}  // namespace

void Watchdog::Board::report(const Answers& answers) {
  std::string table = fmt::format(
      "heddle: no progress for {:g} s (comm.timeout), noticed by rank {}\n{:>5}  {:<40} "
      "{:>9} {:>9} {:>13} {:>10}\n",
      timeout.load(), post.rank, "rank", "waits for", "partner", "has done", "partner done", "silent");
  for (int rank = 0; rank < post.size; ++rank) table += row(rank, answers);
  {
    const std::lock_guard hold(mutex);
    table += verdict(answers, hosts) + "\n";
  }
  std::fputs(table.c_str(), stderr);
  std::fflush(stderr);
  Note over;
  over.kind = Note::Kind::over;
  for (int rank = 0; rank < post.size; ++rank)
    if (rank != post.rank && answers[rank]) post.send(rank, over);
  // Ranks that do not answer cannot leave by themselves: only the launcher ends them.
  MPI_Abort(MPI_COMM_WORLD, static_cast<int>(ExitCode::hang));
  std::_Exit(static_cast<int>(ExitCode::hang));
}

}  // namespace heddle::comm
