// What is wrong with rows, in the words that a person reads.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "heddle/schedule/action.hpp"

namespace heddle::schedule {

/// `what` names rank and action, `why` the reason.
struct Problem {
  std::string what;
  std::string why;
};

/// "rank 1, action 7 1F3 can never start"; actions of a row count from 0.
std::string never_starts(PipelineRank rank, std::size_t index, const Action& action);

/// How to mend rows that cannot run.
inline constexpr const char* rows_that_run =
    "compare them with rows that run, which `heddle schedule DECK --format csv` writes";

/// Throws Error (usage) with the problem, if there is one.
void throw_if_any(const std::optional<Problem>& problem);

}  // namespace heddle::schedule
