#include "heddle/base/process_begin.hpp"

#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

namespace heddle {

std::string begin_of(long process) {
  std::ifstream file(fmt::format("/proc/{}/stat", process));
  std::string text((std::istreambuf_iterator<char>(file)), {});
  std::istringstream fields(
      text.substr(std::min(text.size(), text.rfind(')') + 1)));  // a name may hold blanks
  std::string state, field;
  fields >> state;
  constexpr int place = 19;  // behind the state
  for (int i = 0; i < place; ++i) fields >> field;
  return fields && state != "Z" ? field : "";
}

double seconds_of_this_process() {
  const std::string begin = begin_of(::getpid());
  timespec now{};
  if (begin.empty() || ::clock_gettime(CLOCK_BOOTTIME, &now) != 0) return 0;
  const double ticks = std::strtod(begin.c_str(), nullptr) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  return std::max(0.0, static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9 - ticks);
}

}  // namespace heddle
