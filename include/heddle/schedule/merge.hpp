// I and W that stand side by side are one B.
#pragma once

#include "heddle/schedule/action.hpp"

namespace heddle::schedule {

/// Where a W follows the I of its stage and microbatch at once, both become B, which can be faster, as
/// in torch.distributed.pipelining.
Schedule merge_backwards(const Schedule& schedule);

}  // namespace heddle::schedule
