// Schedules from files: rows that another program wrote, or a person.
#pragma once

#include <string>

#include "heddle/deck/deck.hpp"
#include "heddle/schedule/lock_step.hpp"

namespace heddle::plan {

/// Does pipeline.schedule name a file?
bool is_file(const deck::Pipeline& pipeline);

/// The file's cells, its clocks included, looked for from the deck's folder. Throws Error (usage) where it is none, where
/// a cell is no action and where the rows cannot run.
schedule::Cells cells_of_file(const deck::Deck& deck);

/// Fills in pipeline.ranks, chunks and microbatches from the file where the deck gives none.
void take_numbers_from_file(deck::Deck& deck);

}  // namespace heddle::plan
