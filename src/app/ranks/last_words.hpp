// What a process says when a signal ends it.
#pragma once

namespace heddle::app {

/// While it lives this rank says one line when it is told to end (SIGTERM, SIGINT, SIGUSR1, ...), and ends as it would have. Where the
/// launcher tells all ranks, rank 0 says it for them.
class LastWords {
 public:
  explicit LastWords(int rank);
  ~LastWords();
  LastWords(const LastWords&) = delete;
  LastWords& operator=(const LastWords&) = delete;
};

}  // namespace heddle::app
