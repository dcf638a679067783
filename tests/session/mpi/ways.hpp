// The ways in which the tests of invariance lay one training run over a number of ranks.
#pragma once

#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace heddle::tests {

/// What is trained: another problem has other losses.
struct Problem {
  int batch, sequence;

  std::vector<std::string> overrides(const std::string& dtype) const {
    return {fmt::format("train.batch={}", batch), fmt::format("train.sequence={}", sequence),
            fmt::format("train.precision={}", dtype)};
  }
};

inline constexpr Problem uneven{.batch = 2, .sequence = 15};
inline constexpr Problem problems[] = {{64, 16}, {48, 16}, {40, 16}, {56, 16}, uneven};

struct Way {
  int data, pipeline, tensor, microbatches;
  std::string schedule;
  bool sequence_parallel;
  Problem problem;

  std::vector<std::string> overrides(const std::string& dtype) const {
    std::vector<std::string> all = {fmt::format("grid.data={}", data),
                                    fmt::format("grid.pipeline={}", pipeline),
                                    fmt::format("grid.tensor={}", tensor),
                                    fmt::format("pipeline.microbatches={}", microbatches),
                                    fmt::format("pipeline.schedule={}", schedule),
                                    fmt::format("grid.sequence_parallel={}", sequence_parallel)};
    for (std::string& one : problem.overrides(dtype)) all.push_back(std::move(one));
    return all;
  }
};

/// A problem whose batch divides by data * microbatches for every number of microbatches.
inline Problem divisible(int data) { return {data % 3 == 0 ? 48 : data == 5 ? 40 : data == 7 ? 56 : 64, 16}; }

inline bool full_sweep() {
  const char* sweep = std::getenv("HEDDLE_SWEEP");
  return sweep && std::string(sweep) == "full";
}

/// All ways to lay the model over `ranks`, or of each grid those that the place in the list picks.
inline std::vector<Way> ways(int ranks) {
  std::vector<Way> chosen;
  int count = 0;
  for (int tensor : {1, 2, 4})
    for (int pipeline = 1; pipeline <= 8; ++pipeline) {
      if (ranks % (tensor * pipeline) != 0) continue;
      const int data = ranks / tensor / pipeline;
      for (const char* schedule : {"1f1b", "gpipe"})
        for (int microbatches : {1, 2, 4, 8})
          for (bool sequence_parallel : {false, true}) {
            if (sequence_parallel && tensor == 1) continue;
            if (!full_sweep() && count++ % 5 != 0) continue;
            chosen.push_back(
                {data, pipeline, tensor, microbatches, schedule, sequence_parallel, divisible(data)});
          }
    }
  return chosen;
}

/// Sequence-parallel ways in which the tensor ranks take rows of unequal number: 15 or 30 rows on 2
/// or 4 ranks.
inline std::vector<Way> uneven_ways(int ranks) {
  std::vector<Way> chosen;
  for (int tensor : {2, 4})
    for (int data : {1, 2})
      for (int microbatches = 1; microbatches <= uneven.batch / data; ++microbatches) {
        const int pipeline = ranks / tensor / data;
        const int rows = uneven.batch / data / microbatches * uneven.sequence;
        if (pipeline * data * tensor != ranks || pipeline > 8 || rows % tensor == 0) continue;
        chosen.push_back({data, pipeline, tensor, microbatches, "1f1b", true, uneven});
      }
  return chosen;
}

}  // namespace heddle::tests
