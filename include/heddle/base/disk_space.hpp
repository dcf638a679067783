// Room on a disk, asked for before a library writes: a library that finds none in the middle of its work leaves half a file, and ranks that
// write it together wait for each other.
#pragma once

#include <cstdint>
#include <string>

namespace heddle {

/// From here on the file at `place` can be as long as `bytes`, while its length stays. Throws Error(failure) that names `path`, with the system's
/// reason: a full disk, a quota, a folder that is gone. A file system that cannot promise room is not asked.
void reserve_space(const std::string& place, std::int64_t bytes, const std::string& path);

}  // namespace heddle
