// The time of day, as files have it.
#pragma once

#include <string>

namespace heddle {

/// Now, in UTC as of ISO 8601: "2026-11-27T09:15:00Z".
std::string utc_now();

}  // namespace heddle
