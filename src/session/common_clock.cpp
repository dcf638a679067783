#include "heddle/session/common_clock.hpp"

#include <chrono>

#include "heddle/comm/collectives.hpp"

namespace heddle::session {

exec::Clock common_clock(const comm::Communicator& world) {
  using std::chrono::system_clock;
  const double now = std::chrono::duration<double>(system_clock::now().time_since_epoch()).count();
  const std::chrono::duration<double> begin(
      comm::all_sum(world, world.rank() == 0 ? now : 0.0, "begin of the clocks"));
  return exec::Clock(system_clock::time_point(std::chrono::duration_cast<system_clock::duration>(begin)));
}

}  // namespace heddle::session
