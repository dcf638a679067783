// Lets backward make values anew that forward would else keep for it: memory for time.
#pragma once

#include "heddle/passes/differentiate.hpp"

namespace heddle::passes {

/// One answer a node of a program: does backward make what this forward node made anew? What is not a forward node,
/// or is read by none of backward, does not matter.
using Recomputed = std::vector<bool>;

/// The nodes that cost little beside what they would keep: those whose op knows a way (OpDefinition::again) that reads
/// nothing but what backward keeps anyway.
Recomputed cheap_nodes(const Program& program);

/// Puts a copy of each chosen node that backward reads before its first use there, and so on to the inputs of the copy
/// that are chosen too. A map that moves nothing follows its input. A copy belongs to I if anything of I reads it, else
/// to W. What is not chosen, and what comes out of communication, stays kept.
Program rematerialize(Program program, const Recomputed& chosen);

}  // namespace heddle::passes
