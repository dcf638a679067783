// The notes that the ranks' watchdogs pass each other: small, of fixed size, sent and forgotten.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>

#include "heddle/comm/watchdog.hpp"
#include "mpi.hpp"

namespace heddle::comm {

struct Note {
  enum class Kind : std::int32_t {
    failed,    ///< the sender leaves with `code`; `position` is the epoch, the count of agreements before it
    question,  ///< what do you wait for?
    answer,    ///< action, partner, position, seconds of silence
    over,      ///< the sender has reported that the run hangs, and leaves
  };
  Kind kind = Kind::failed;
  std::int32_t code = 0, partner = -1;
  bool waits = false;  ///< for what `action` says; else that says where the sender is, if it is known
  std::int64_t position = -1;
  double seconds = 0;
  char action[96] = "";

  static Note answer(const Waiting& what, bool waits, double seconds);
};

/// Notes travel over a duplicate of the world's communicator, which World::agree uses for
/// its collectives too. Any thread sends, one receives.
class Post {
 public:
  Post();
  ~Post();
  void send(int to, const Note& note);
  struct Letter {
    int from;
    Note note;
  };
  /// The next note that has arrived, if any.
  std::optional<Letter> receive();

  MPI_Comm comm = MPI_COMM_NULL;
  int rank = 0, size = 1;

 private:
  struct Sent {
    Note note;
    MPI_Request request;
  };
  std::mutex mutex_;  ///< of the outbox
  std::deque<Sent> outbox_;
};

}  // namespace heddle::comm
