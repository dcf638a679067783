// Cuts what is longer than an MPI call's int can count.
#pragma once

#include <algorithm>
#include <cstdint>

namespace heddle::comm {

/// Calls f(first element, count) for slices of `count` elements that an MPI call can take.
template <class F>
void in_slices(std::int64_t count, F&& f) {
  constexpr std::int64_t most = std::int64_t{1} << 30;
  for (std::int64_t begin = 0; begin < count; begin += most)
    f(begin, static_cast<int>(std::min(most, count - begin)));
}

}  // namespace heddle::comm
