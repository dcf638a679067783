#include "heddle/base/duration.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>

namespace heddle {

std::string duration(double seconds) {
  const std::int64_t s = std::lround(seconds);
  if (s >= 3600) return fmt::format("{}h {:02}min", s / 3600, s / 60 % 60);
  return s >= 60 ? fmt::format("{}min {:02}s", s / 60, s % 60) : fmt::format("{}s", s);
}

TimeUnit time_unit(double seconds) {
  if (seconds < 1e-3) return {"microseconds", "us", 1e6};
  if (seconds < 1) return {"milliseconds", "ms", 1e3};
  return seconds < 600 ? TimeUnit{"seconds", "s", 1} : TimeUnit{"minutes", "min", 1.0 / 60};
}

}  // namespace heddle
