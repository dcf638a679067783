// Runs of elements put in their places by the host.
#pragma once

#include <vector>

#include "heddle/lanes/stream.hpp"

namespace heddle::lanes::host {

void land(const std::vector<Run>& runs, LandingTypes types, const void* from, void* to, Landing landing);

}  // namespace heddle::lanes::host
