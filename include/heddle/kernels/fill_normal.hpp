// Initial parameters: normal numbers keyed on the element's place in the whole parameter, whoever holds it.
#pragma once

#include <cstdint>

#include "heddle/base/tensor.hpp"
#include "heddle/kernels/box.hpp"
#include "heddle/lanes/lane.hpp"

namespace heddle::kernels {

/// y = std * normal_at(key, 0, flat index in the whole tensor).
void fill_normal(const lanes::Lane& lane, const Tensor& y, std::uint64_t key, double std, const Box& box);

}  // namespace heddle::kernels
