// Sums of bf16 numbers over ranks.
#pragma once

#include "heddle/passes/differentiate.hpp"

namespace heddle::passes {

/// A sum over ranks whose terms are bf16 is added in fp32, in the order of the ranks, and rounded once: each rank adds
/// up a block of rows and hands it to the others. So it becomes what it is composed of, a reduce_scatter and a gather,
/// which move as many bytes as an all-reduce does, in two nodes whose memory is planned.
Program with_narrow_sums(Program program);

}  // namespace heddle::passes
