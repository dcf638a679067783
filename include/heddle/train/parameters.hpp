// A rank's parameters and what belongs to each: its part of the global tensor, its moments, who counts it.
#pragma once

#include <string>
#include <vector>

#include "heddle/comm/cartesian.hpp"
#include "heddle/exec/arena.hpp"
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
  /// One rank of those that hold this part: it writes to the checkpoint.
  bool owner = false;
};

struct TrainedParameter : Parameter {
  Tensor gradient;
  Tensor first_moment, second_moment;  ///< no data where another rank steps the parameter
  /// What `tensor` leaves of the fp32 parameter, with the sign of the second moment (kernels/adamw.hpp); no data: nothing.
  Tensor remainder;

  bool stepped() const { return first_moment.data != nullptr; }
};

/// The parameters of a program. `held_before` are those that an earlier pipeline rank holds too.
std::vector<Parameter> parameters(const passes::Program& program, const exec::Arena& arena,
                                  const comm::CartesianGrid& grid,
                                  const std::vector<std::string>& held_before);
/// The same with what is kept of each, in the order in which gradients become final. Where the optimizer may
/// take a step back, the tensors of moments are those of now: after a step they may lie elsewhere.
std::vector<TrainedParameter> trained_parameters(const passes::Program& program, const exec::Arena& arena,
                                                 const comm::CartesianGrid& grid,
                                                 const std::vector<std::string>& held_before);

/// Fills a parameter with its initial values: the same numbers on every grid. Writes over the gradient of one that has a
/// remainder.
void initialise(const TrainedParameter& parameter, std::uint64_t seed, const lanes::Lane& lane);

}  // namespace heddle::train
