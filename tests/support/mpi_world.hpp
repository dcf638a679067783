// How a test under mpirun reaches the ranks that it runs on.
#pragma once

#include "heddle/comm/world.hpp"

namespace heddle::tests {

/// Lives from the start of main to its end; see mpi_main.cpp.
comm::World& world();

}  // namespace heddle::tests
