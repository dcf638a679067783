#include "heddle/base/utc.hpp"

#include <fmt/chrono.h>

#include <chrono>

namespace heddle {

std::string utc_now() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
}

}  // namespace heddle
