// The table that ends a run that hangs.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "board.hpp"

namespace heddle::comm {
namespace {
using Clock = std::chrono::steady_clock;
using Answers = std::vector<std::optional<Note>>;  // by rank

Answers ask_all(Post& post, const Note& mine, double grace) {
  Answers answers(post.size);
  answers[post.rank] = mine;
  Note question;
  question.kind = Note::Kind::question;
  for (int rank = 0; rank < post.size; ++rank)
    if (rank != post.rank) post.send(rank, question);
  const auto give_up = Clock::now() + std::chrono::duration<double>(grace);
  for (int missing = post.size - 1; missing > 0 && Clock::now() < give_up;) {
    auto letter = post.receive();
    if (!letter) continue;
    if (letter->note.kind == Note::Kind::answer && !answers[letter->from])
      answers[letter->from] = letter->note, --missing;
    if (letter->note.kind == Note::Kind::question) {
      Note answer = mine;
      answer.kind = Note::Kind::answer;
      post.send(letter->from, answer);
    }
  }
  return answers;
}

std::string count(std::int64_t position) { return position < 0 ? "-" : std::to_string(position); }

std::string waiters_for(int rank, const Answers& answers) {
  std::string ranks;
  for (std::size_t r = 0; r < answers.size(); ++r)
    if (answers[r] && answers[r]->partner == rank) ranks += fmt::format("{}{}", ranks.empty() ? "" : ", ", r);
  return ranks.empty() ? "" : fmt::format("; ranks that wait for it: {}", ranks);
}

std::string row(int rank, const Answers& answers) {
  const auto& note = answers[rank];
  if (!note) return fmt::format("{:>5}  no answer (busy or dead){}\n", rank, waiters_for(rank, answers));
  std::string partner = "a group", partner_done = "-";
  if (note->partner >= 0) {
    partner = fmt::format("rank {}", note->partner);
    const auto& other = answers[note->partner];
    partner_done = other ? count(other->position) : "no answer";
  }
  return fmt::format("{:>5}  {:<40} {:>9} {:>9} {:>13} {:>8.1f} s\n", rank, note->action, partner,
                     count(note->position), partner_done, note->seconds);
}

std::string silent_ranks(const Answers& answers, const std::vector<std::string>& hosts) {
  std::string text;
  for (std::size_t rank = 0; rank < answers.size(); ++rank)
    if (!answers[rank])
      text += fmt::format("{}{} on {}", text.empty() ? "" : ", ", rank,
                          rank < hosts.size() ? hosts[rank] : "unknown host");
  if (text.empty())
    return "every rank answers: each waits for another, so look for the one whose count is lowest";
  return "no answer from rank " + text;
}
}  // namespace

void Watchdog::Board::report(const Waiting& what, double waited) {
  const Answers answers = ask_all(post, Note::of(Note::Kind::answer, what, waited), grace);
  std::string table = fmt::format(
      "heddle: no progress for {:g} s (comm.timeout), noticed by rank {}\n{:>5}  {:<40} "
      "{:>9} {:>9} {:>13} {:>10}\n",
      timeout, post.rank, "rank", "waits for", "partner", "has done", "partner done", "waited");
  for (int rank = 0; rank < post.size; ++rank) table += row(rank, answers);
  table += silent_ranks(answers, hosts) + "\n";
  std::fputs(table.c_str(), stderr);
  std::fflush(stderr);
  // Ranks that do not answer cannot leave by themselves: only the launcher ends them.
  MPI_Abort(MPI_COMM_WORLD, static_cast<int>(ExitCode::hang));
  std::_Exit(static_cast<int>(ExitCode::hang));
}

}  // namespace heddle::comm
