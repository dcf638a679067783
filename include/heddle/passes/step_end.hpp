// The end of a training step as values and nodes of the program: moments, clipping's norm, the update, and
// what parameters that several pipeline ranks hold have to tell each other.
#pragma once

#include <string>
#include <vector>

#include "heddle/passes/differentiate.hpp"

namespace heddle::passes {

/// What becomes of the parameters and moments that an optimizer's step replaces.
enum class Update {
  final,      ///< they are gone
  revocable,  ///< they are kept until the step counts
};

/// How a parameter that several pipeline ranks hold stays one: its gradients are summed over them, and then
/// each steps its copy, or the first of them steps it and hands its value on.
enum class Tying { replicate, transmit };

/// A parameter that several pipeline ranks hold, which are in ascending order.
struct Tie {
  std::string parameter;
  std::vector<PipelineRank> holders;

  friend bool operator==(const Tie&, const Tie&) = default;
};

struct StepEnd {
  Update update = Update::final;
  Tying tying = Tying::replicate;
  std::vector<Tie> ties = {};   ///< of the whole model
  bool narrow_moments = false;  ///< kept in bf16
  bool remainders = false;      ///< of parameters that are bf16, see base/remainder.hpp
  PipelineRank pipeline_rank;   ///< whose program it is
};

/// Adds to a program that was just differentiated the optimizer's state and the phases from norm on. A rank
/// that another one steps for has neither moments, nor a remainder, nor an update of that parameter.
Program with_step_end(Program program, const StepEnd& end);

}  // namespace heddle::passes
