// Seconds as people read them.
#pragma once

#include <string>

namespace heddle {

/// "12s", "3min 05s", "2h 07min"
std::string duration(double seconds);

}  // namespace heddle
