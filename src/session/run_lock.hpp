// The file by which a run says that a folder is its own.
#pragma once

#include <chrono>
#include <string>

namespace heddle::session {

inline constexpr std::chrono::seconds lock_beat{10};

/// Throws Error(usage) if another run holds a lock at `path` that is not stale, Error(failure) if none can be written.
void take_lock(const std::string& path);
/// Says that its holder is alive.
void touch_lock(const std::string& path);

}  // namespace heddle::session
