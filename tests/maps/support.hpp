// What the tests of maps share: small random integers, so that sums are exact, and grids to try.
#pragma once

#include <random>
#include <vector>

#include "../support/maps_oracle.hpp"

namespace heddle::maps {

/// The same throws in every run and on every platform.
class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}
  /// Uniform enough in [low, high].
  int operator()(int low, int high) { return low + static_cast<int>(engine_() % (high - low + 1u)); }

  LocalTensor tensor(const Shape& shape) {
    LocalTensor x(shape);
    for (double& value : x.values) value = (*this)(-9, 9);
    return x;
  }
  DistributedTensor tensors(const std::vector<Box>& boxes) {
    DistributedTensor x;
    for (const Box& box : boxes) x.push_back(tensor(box.shape()));
    return x;
  }
  /// `count` distinct ranks of `world`, in any order.
  std::vector<int> ranks(int count, int world) {
    std::vector<int> all(world);
    for (int rank = 0; rank < world; ++rank) all[rank] = rank;
    for (int i = 0; i < count; ++i) std::swap(all[i], all[(*this)(i, world - 1)]);
    all.resize(count);
    return all;
  }

 private:
  std::mt19937 engine_;
};

inline std::vector<Grid> some_grids() {
  using enum Axis;
  return {Grid(),
          Grid({1, 1, 3}),
          Grid({2, 2, 2}),
          Grid({2, 2, 2}, {pipeline, data, tensor}),
          Grid({3, 1, 2}),
          Grid({2, 3, 4}),
          Grid({2, 3, 4}, {tensor, data, pipeline})};
}

inline std::vector<AxisSet> all_axis_sets() {
  using enum Axis;
  return {{},
          data,
          pipeline,
          tensor,
          data | pipeline,
          data | tensor,
          pipeline | tensor,
          data | pipeline | AxisSet(tensor)};
}

}  // namespace heddle::maps
