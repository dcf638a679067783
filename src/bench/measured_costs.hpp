// What the actions of measured steps took, as the [cost] of a deck.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "heddle/deck/deck.hpp"
#include "heddle/io/run_file.hpp"
#include "heddle/schedule/action.hpp"

namespace heddle::bench {

/// `events` are of every rank, `pipeline_rank` tells the pipeline rank of each; their clocks are one.
///  - F, B, I and W of a stage: the mean over its microbatches of their median over the steps, and over the
///    ranks that hold it. A kind that the schedule does not have is not given; one that a stage lacks is 0.
///  - REDUCE_GRAD and STEP end with what all ranks do together, so they count from when the last rank came to
///    them: what a rank has waited for the others before is no cost of its own.
///  - send: the median, over the messages that their receiver waited for, of the time from the end of the
///    send to the end of the receive; where none was waited for, of the receive alone.
///  - load: what `seconds`, one for each step, are longer than from the step's first action to its last.
/// Bytes of messages are not among the events.
deck::Cost measured_costs(const std::vector<std::vector<io::EventRow>>& events,
                          const std::vector<PipelineRank>& pipeline_rank, const schedule::Schedule& schedule,
                          const std::vector<double>& seconds);

/// A JSON object whose members are keys of [cost].
nlohmann::ordered_json object(const deck::Cost& cost);

}  // namespace heddle::bench
