// A step that all ranks take together: when it fails on one, it fails on all with the same error, so that no
// rank waits in a collective call for one that has given up.
#pragma once

#include <functional>

#include "heddle/comm/communicator.hpp"

namespace heddle::io {

/// Collective. Runs `body` here and throws the error of the lowest rank on which it failed, as a WriteFailure.
void together(const comm::Communicator& ranks, const std::function<void()>& body);

}  // namespace heddle::io
