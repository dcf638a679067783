// How a command ends.
#pragma once

#include <functional>
#include <string>

#include "heddle/base/error.hpp"

namespace heddle {

struct Outcome {
  ExitCode code = ExitCode::done;
  std::string message = {};  ///< of what was thrown
};

/// Runs `body`; output that the system does not take is a failure too.
Outcome outcome_of(const std::function<void()>& body);

/// Throws Error(failure) unless the system has taken all that was printed to the standard output.
void flush_output();

}  // namespace heddle
