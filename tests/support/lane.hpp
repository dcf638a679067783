// The lane that tests under mpirun compute on: the device's, or with HEDDLE_LATE_LANES=1 one whose
// work is late.
#pragma once

#include "heddle/lanes/lane.hpp"

namespace heddle::tests {

const lanes::Lane& lane();

}  // namespace heddle::tests
