// The grids on which the tests of memory's savings train: what they save has to do with the tensor axis.
#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

namespace heddle::tests {

inline std::vector<std::string> with(std::vector<std::string> all, const std::vector<std::string>& more) {
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

/// Calls f(data, overrides) for every extent of the tensor axis that divides `ranks`, with and without
/// sequence parallelism: two stages where the rest is even, `data` replicas.
template <class F>
void for_each_tensor_layout(int ranks, F&& f) {
  for (int tensor : {1, 2, 4})
    for (bool sequence_parallel : {false, true}) {
      if (ranks % tensor != 0 || (tensor == 1 && sequence_parallel)) continue;
      const int rest = ranks / tensor, pipeline = rest % 2 == 0 ? 2 : 1, data = rest / pipeline;
      f(data, std::vector{fmt::format("grid.tensor={}", tensor), fmt::format("grid.pipeline={}", pipeline),
                          fmt::format("grid.data={}", data),
                          fmt::format("grid.sequence_parallel={}", sequence_parallel)});
    }
}

}  // namespace heddle::tests
