// What the writer and the reader of checkpoints must agree on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace heddle::io::checkpoint_format {

inline constexpr std::string_view name = "heddle checkpoint";
inline constexpr std::int64_t version = 2;  ///< one has chunks with HDF5's checksums in place of /checksums

/// A dataset of what pieces a dataset has: a row for each, of its begin and its extents in every dim, and its CRC-32.
inline constexpr std::string_view checksums = "checksums";
inline std::string checksums_of(const std::string& dataset) { return std::string(checksums) + "/" + dataset; }

}  // namespace heddle::io::checkpoint_format
