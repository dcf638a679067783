// Schedules from files: rows that another program wrote, or a person.
#pragma once

#include <string>

#include "heddle/deck/deck.hpp"
#include "heddle/schedule/lock_step.hpp"

namespace heddle::plan {

/// Does pipeline.schedule name a file?
bool is_file(const deck::Pipeline& pipeline);

/// The file's cells, its clocks included. Throws KeyError where there is no file, Error (usage) where a cell is no action and where the
/// rows cannot run.
schedule::Cells cells_of_file(const deck::Pipeline& pipeline);

}  // namespace heddle::plan
