// Seconds as people read them.
#pragma once

#include <string>

namespace heddle {

/// "12s", "3min 05s", "2h 07min"
std::string duration(double seconds);

struct TimeUnit {
  const char *name, *sign;
  double in_a_second;
};
/// In which a stretch of so many seconds is a number without many zeros: microseconds, milliseconds, seconds, minutes.
TimeUnit time_unit(double seconds);

}  // namespace heddle
