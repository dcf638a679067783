// Where the kernels of a lane are launched.
#pragma once

#include "heddle/lanes/lane.hpp"
#include "kokkos_compat.hpp"

namespace heddle::kernels {

/// Lives as long as the Runtime.
const Space& space(const lanes::Lane& lane);

}  // namespace heddle::kernels
