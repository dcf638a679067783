#include "heddle/session/host_memory.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <string>

namespace heddle::session {

void check_host_memory(const plan::Plan& plan, const std::string& source, const comm::World& world) {
  const std::string& host = world.hosts()[world.rank()];
  double taken = 0;  // a plan near 2^63 bytes times the ranks would overflow an integer
  for (int rank = 0; rank < world.size(); ++rank)
    if (world.hosts()[rank] == host) taken += static_cast<double>(plan.memory(rank).bytes());
  const double there =
      static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGE_SIZE));
  if (taken <= there) return;
  constexpr double gib = 1 << 30;
  throw Error(
      ExitCode::usage, fmt::format("{}: the ranks on {} take {:.1f} GiB", source, host, taken / gib),
      fmt::format("it has {:.1f}", there / gib),
      "`heddle check` shows what takes it, and more hosts, a larger grid.tensor or grid.pipeline, or a "
      "smaller train.batch take less");
}

// Not getrusage: its maximum begins with what the process was before it became this program.
std::int64_t peak_resident_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (std::int64_t kib = 0; word == "VmHWM:" && status >> kib) return kib << 10;
  return 0;
}

}  // namespace heddle::session
