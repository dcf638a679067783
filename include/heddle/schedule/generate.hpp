// All schedules by their names.
#pragma once

#include <string_view>
#include <vector>

#include "heddle/schedule/action.hpp"
#include "heddle/schedule/request.hpp"

namespace heddle::schedule {

/// What `generate` makes, in the order in which the words stand in deck/deck.hpp.
std::vector<std::string_view> names();

/// Compute-only rows; add_communication and finish_step lower them. Throws BadRequest where the schedule does
/// not exist for what is asked, with the nearest numbers for which it does.
Schedule generate(const Request& request);

}  // namespace heddle::schedule
