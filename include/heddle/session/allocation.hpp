// How long the launcher's allocation lasts.
#pragma once

#include <optional>

namespace heddle::session {

/// Seconds until Slurm ends the job that this process is in, by what it tells its processes (SLURM_JOB_END_TIME), else by
/// `squeue`; none outside of a job, and where it has no limit.
std::optional<double> seconds_of_allocation();

}  // namespace heddle::session
