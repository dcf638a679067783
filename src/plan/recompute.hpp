// Which blocks of a model are recomputed in backward: as the options say, or as few as fit a rank's memory.
#pragma once

#include <set>

#include "draft.hpp"

namespace heddle::plan {

/// Turns the draft's training programs, just differentiated, into such as recompute what they should; returns
/// what that is, by block. With train.recompute = "auto" each pipeline rank recomputes those blocks (their
/// attention, or all of them) that cost the fewest FLOPs of all choices whose plan fits
/// train.memory_limit_mib. Throws KeyError with the numbers where none fits.
ById<graph::BlockId, passes::Recompute> recompute_in(Draft& draft);

/// What runs of a program just differentiated: it recomputes what `by_block` says, and is fused.
passes::Program recomputing(const Options& options, passes::Program differentiated,
                            const ById<graph::BlockId, passes::Recompute>& by_block);

/// The blocks of what a program runs for every microbatch.
std::set<graph::BlockId> blocks_of(const passes::Program& program);

/// What a deck's word recomputes of every block; of "auto", which looks at each, none.
passes::Recompute recompute_of(deck::Recompute recompute);

}  // namespace heddle::plan
