// Variables of the environment. Empty values count as none, as the XDG specification has it.
#pragma once

#include <cstdlib>
#include <string>

namespace heddle {

/// Its value, or empty.
inline std::string environment(const char* variable) {
  const char* const value = std::getenv(variable);
  return value ? value : "";
}

}  // namespace heddle
