// What a run keeps from step to step, and which rank holds which part of it: what is written to checkpoints,
// and what moves when a run goes on on another grid.
#pragma once

#include <string>
#include <vector>

#include "heddle/maps/box.hpp"
#include "heddle/plan/plan.hpp"

namespace heddle::plan {

/// A parameter or a moment.
struct StateValue {
  std::string name;  ///< as the programs call it
  Shape global;
  DType dtype = DType::f32;
  std::vector<maps::Box> held;   ///< by rank; empty where it holds nothing
  std::vector<maps::Box> owned;  ///< the same, but every element on one rank alone
};

/// In an order that all ranks share.
std::vector<StateValue> state(const Plan& plan);

/// A number that two plans share if and only if (but for chance) their models have the same parameters of
/// the same shapes.
std::uint64_t fingerprint(const Plan& plan);

}  // namespace heddle::plan
