// What the writer and the reader of checkpoints must agree on.
#pragma once

#include <cstdint>
#include <string_view>

namespace heddle::io::checkpoint_format {

inline constexpr std::string_view name = "heddle checkpoint";
inline constexpr std::int64_t version = 1;

}  // namespace heddle::io::checkpoint_format
