// What kernels of a GPU and its library of products work in beside the arena, as long as the process runs. It stands below those
// who plan memory, where there may be no GPU, and those who launch.
#pragma once

#include <cstdint>

namespace heddle::device_rooms {

inline constexpr std::int64_t product_workspace = std::int64_t{32}
                                                  << 20;            ///< what NVIDIA recommends for Hopper
inline constexpr std::int64_t narrow_bias = std::int64_t{2} << 20;  ///< of a product, rounded to bf16
inline constexpr std::int64_t group_sums = std::int64_t{8} << 20;   ///< of sums over rows

/// One allocation.
inline constexpr std::int64_t bytes = product_workspace + narrow_bias + group_sums;

}  // namespace heddle::device_rooms
