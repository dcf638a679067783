// The lane that tests under mpirun compute on: the device's, or with HEDDLE_LATE_LANES=shared or =apart one whose
// work is late, in memory that the host reaches or does not.
#pragma once

#include "heddle/lanes/lane.hpp"

namespace heddle::tests {

lanes::Lane lane();

}  // namespace heddle::tests
