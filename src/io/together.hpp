// A step of writing a file that all ranks take together.
#pragma once

#include <functional>

#include "heddle/comm/communicator.hpp"

namespace heddle::io {

/// Collective. Runs `body` here and throws the first rank's error on all, as a WriteFailure.
void together(const comm::Communicator& ranks, const std::function<void()>& body);

}  // namespace heddle::io
