// Where a block lies in the whole tensor, for what is drawn by the element's place in it.
#pragma once

#include "heddle/base/tensor.hpp"

namespace heddle::kernels {

/// The whole's extents, and the block's first index in each dim.
struct Box {
  Shape global;
  Shape begin;
};

}  // namespace heddle::kernels
