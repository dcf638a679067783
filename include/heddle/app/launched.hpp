// What a launcher tells a process in its environment, before MPI is asked.
#pragma once

namespace heddle::app {

/// Of the processes that were started together: Open MPI's, MPICH's or Slurm's. SLURM_NTASKS does not count, since a batch script's own
/// shell has it too.
struct Launched {
  int rank = 0, size = 1;
};
Launched launched();

/// Is this the first of the processes that a launcher started, or the only one?
inline bool first_process() { return launched().rank == 0; }

/// Several processes of which each sees itself alone would all do the same work, in the same folder. Throws Error(usage) if MPI
/// counts `ranks` = 1 where the launcher started more.
void demand_one_world(int ranks);

}  // namespace heddle::app
