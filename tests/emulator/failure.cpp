#include "emulator/failure.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace heddle::emulator {

void end_program(const std::string& why) {
  std::fprintf(stderr, "emulator: %s\n", why.c_str());
  std::fflush(nullptr);
  std::abort();
}

void must(bool good, const char* call) {
  if (!good) fail("{}: {}", call, std::strerror(errno));
}

}  // namespace heddle::emulator
