// What fails on one rank fails on all with the same error, so that no rank waits in a collective call for one that has given up.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "heddle/base/error.hpp"
#include "heddle/comm/communicator.hpp"

namespace heddle::comm {

/// Collective. Runs `body` here; returns the error of the lowest rank on which it failed. `action` is what a rank waits for that
/// has done its own.
std::optional<Error> first_error(const Communicator& ranks, const std::function<void()>& body,
                                 const std::string& action);

}  // namespace heddle::comm
