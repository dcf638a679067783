// A rank's parameters and what belongs to each: its place in the global tensor, its moments, who counts it.
#pragma once

#include <string>
#include <vector>

#include "heddle/comm/cartesian.hpp"
#include "heddle/exec/arena.hpp"
#include "heddle/kernels/adamw.hpp"
#include "heddle/maps/box.hpp"
#include "heddle/passes/differentiate.hpp"

namespace heddle::train {

struct Parameter {
  std::string name;
  Shape global;
  maps::Box box;  ///< the part that this rank holds
  graph::Initial initial;
  graph::ValueId value = -1;
  Tensor tensor;
  /// One rank of those that hold this part: it adds to the norm and writes to the checkpoint.
  bool owner = false;
};

struct TrainedParameter : Parameter {
  Tensor gradient;
  Tensor first_moment, second_moment;  ///< no data where another rank steps the parameter
  kernels::AdamWState undo;  ///< what the last step replaced; no data where its memory is not planned

  bool stepped() const { return first_moment.data != nullptr; }
};

/// The parameters of a program. `stages_before` says of a name whether an earlier stage holds it too.
std::vector<Parameter> parameters(const passes::Program& program, const exec::Arena& arena,
                                  const comm::CartesianGrid& grid,
                                  const std::vector<std::string>& held_before);
/// The same with what the optimizer needs, in the order in which gradients become final.
std::vector<TrainedParameter> trained_parameters(const passes::Program& program, const exec::Arena& arena,
                                                 const comm::CartesianGrid& grid,
                                                 const std::vector<std::string>& held_before);

/// Fills a parameter with its initial values: the same numbers on every grid.
void initialise(const Parameter& parameter, std::uint64_t seed);

}  // namespace heddle::train
