#include "notes.hpp"

#include <cstring>

namespace heddle::comm {
namespace {
constexpr int note_tag = 1;
}

Note Note::answer(const Waiting& what, bool waits, double seconds) {
  Note note;
  note.kind = Kind::answer;
  note.waits = waits;
  note.partner = what.partner;
  note.position = what.position;
  note.seconds = seconds;
  std::strncpy(note.action, what.action.c_str(), sizeof note.action - 1);
  return note;
}

Post::Post() {
  check(MPI_Comm_dup(MPI_COMM_WORLD, &comm), "MPI_Comm_dup");
  check(MPI_Comm_rank(comm, &rank), "MPI_Comm_rank");
  check(MPI_Comm_size(comm, &size), "MPI_Comm_size");
}

Post::~Post() { MPI_Comm_free(&comm); }

void Post::send(int to, const Note& note) {
  auto arrived = [](Sent& sent) {
    int flag = 0;
    MPI_Test(&sent.request, &flag, MPI_STATUS_IGNORE);
    return flag != 0;
  };
  const std::lock_guard hold(mutex_);
  while (!outbox_.empty() && arrived(outbox_.front())) outbox_.pop_front();
  Sent& sent = outbox_.emplace_back(Sent{note, MPI_REQUEST_NULL});
  check(MPI_Isend(&sent.note, sizeof sent.note, MPI_BYTE, to, note_tag, comm, &sent.request), "MPI_Isend");
}

std::optional<Post::Letter> Post::receive() {
  int flag = 0;
  MPI_Status status;
  check(MPI_Iprobe(MPI_ANY_SOURCE, note_tag, comm, &flag, &status), "MPI_Iprobe");
  if (!flag) return std::nullopt;
  Letter letter{status.MPI_SOURCE, {}};
  check(MPI_Recv(&letter.note, sizeof letter.note, MPI_BYTE, letter.from, note_tag, comm, MPI_STATUS_IGNORE),
        "MPI_Recv");
  return letter;
}

}  // namespace heddle::comm
