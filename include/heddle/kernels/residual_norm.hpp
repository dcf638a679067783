// A branch added back to its trunk, and the sum normalised for the next branch in one pass over memory.
#pragma once

#include "heddle/base/tensor.hpp"
#include "heddle/kernels/dropout.hpp"
#include "heddle/lanes/lane.hpp"

namespace heddle::kernels {

/// sum = x + dropout(branch + bias), as kernels/residual.hpp has it.
struct ResidualSum {
  Tensor x, branch, bias;
  Dropout dropout;
  Tensor sum;
};
/// The layer norm y of the sum and its statistics, as kernels/layer_norm.hpp has them.
struct NormOfSum {
  Tensor weight, bias;
  double epsilon;
  Tensor y, mean, rstd;
};

/// Both, to the bits of one after the other. The sum may be x or the branch; y is neither.
void residual_norm(const lanes::Lane& lane, const ResidualSum& added, const NormOfSum& norm);

}  // namespace heddle::kernels
