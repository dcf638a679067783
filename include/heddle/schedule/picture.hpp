// A schedule as a picture of letters.
#pragma once

#include <string>

#include "heddle/schedule/lock_step.hpp"

namespace heddle::schedule {

/// One line a rank, one column a clock: what the rank does, "." where it idles. With one stage a rank a cell
/// is "F3", otherwise "2F3"; where the lines would be longer than `width`, it is the letter alone, small for
/// the second stage of a rank, the fourth and so on. Of lines that are longer even so the middle is left out, marked by ~, which a line says.
std::string picture(const Cells& clocks, const ById<Stage, PipelineRank>& rank_of_stage,
                    std::size_t width = 160);

}  // namespace heddle::schedule
