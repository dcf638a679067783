// What a short suite tries of many runs.
#pragma once

#include <cstdlib>
#include <utility>
#include <vector>

#include "support/mpi_world.hpp"
#include "ways.hpp"

namespace heddle::tests {

/// More than two ranks, of which two cores run several, or late lanes, which take their time; never in a full sweep.
inline bool slow() {
  return (world().size() > 2 || std::getenv("HEDDLE_LATE_LANES") != nullptr) && !full_sweep();
}

/// Every pair, or each third diagonal where that is slow: another third of the pairs on 4 ranks than on 8.
template <class A, class B>
std::vector<std::pair<A, B>> some_pairs(const std::vector<A>& firsts, const std::vector<B>& seconds) {
  const auto ranks = static_cast<std::size_t>(world().size());
  const std::size_t step = slow() ? 3 : 1;
  std::vector<std::pair<A, B>> some;
  for (std::size_t i = 0; i < firsts.size(); ++i)
    for (std::size_t j = 0; j < seconds.size(); ++j)
      if ((i + j + ranks) % step == 0) some.emplace_back(firsts[i], seconds[j]);
  return some;
}

}  // namespace heddle::tests
