// What a process says when a signal ends it.
#pragma once

namespace heddle::app {

/// From now on this rank says one line when it is told to end (SIGTERM, SIGINT, SIGUSR1, ...), and ends as it would have. Where the
/// launcher tells all ranks, rank 0 says it for them.
void say_last_words(int rank);

}  // namespace heddle::app
