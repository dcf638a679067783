// Cuts what is longer than an MPI call's int can count.
#pragma once

#include <algorithm>
#include <cstdint>

namespace heddle::comm {

constexpr std::int64_t most_of_a_call = std::int64_t{1} << 30;

/// Calls f(first element, count) for slices of at most `slice` elements, and of at most what an MPI
/// call can take.
template <class F>
void in_slices(std::int64_t count, std::int64_t slice, F&& f) {
  slice = std::min(slice, most_of_a_call);
  for (std::int64_t begin = 0; begin < count; begin += slice)
    f(begin, static_cast<int>(std::min(slice, count - begin)));
}

}  // namespace heddle::comm
