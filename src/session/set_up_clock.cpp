#include "set_up_clock.hpp"

#include <fmt/format.h>

namespace heddle::session {

std::string text(const io::SetUp& took) {
  std::string parts =
      fmt::format("set up in {:.2f} s: launch {:.2f}, plan {:.2f}, tokens {:.2f}, memory {:.2f}", took.all(),
                  took.launch, took.plan, took.tokens, took.memory);
  if (took.checkpoint > 0) parts += fmt::format(", checkpoint {:.2f}", took.checkpoint);
  return fmt::format("{}, rest {:.2f}", parts, took.rest);
}

}  // namespace heddle::session
