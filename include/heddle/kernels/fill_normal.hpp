// Initial parameters: normal numbers keyed on the element's place in the whole parameter, whoever holds it.
#pragma once

#include <cstdint>

#include "heddle/base/tensor.hpp"
#include "heddle/lanes/lane.hpp"

namespace heddle::kernels {

/// Where a block lies in the whole tensor: the whole's extents, and the block's first index in each dim.
struct Box {
  Shape global;
  Shape begin;
};

/// y = std * normal_at(key, 0, flat index in the whole tensor).
void fill_normal(const lanes::Lane& lane, const Tensor& y, std::uint64_t key, double std, const Box& box);

}  // namespace heddle::kernels
