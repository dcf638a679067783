// Parameters and moments as other programs have them: fp32 or fp64, and all of it, however little of it lies in one place here.
#pragma once

#include <cstdint>
#include <functional>

#include "heddle/train/parameters.hpp"

namespace heddle::train {

/// In memory that the host may read, which is only looked at when `make` is called.
struct Whole {
  Tensor tensor;  ///< no data: its numbers are kept narrower, or in parts
  /// Those from the `begin`-th of the tensor on, as many as `to` has, where the tensor has no data.
  std::function<void(std::int64_t begin, const Tensor& to)> make = {};
};

/// The host reads what the parameter's tensors lie in.
Whole whole(const TrainedParameter& parameter);
Whole whole_first_moment(const TrainedParameter& parameter);
Whole whole_second_moment(const TrainedParameter& parameter);

/// Some rows of a parameter's part, from `first` on, as other programs have them: each tensor fp32 or fp64 in the host's memory. No data: it has
/// no moments here.
struct WholeRows {
  std::int64_t first = 0;
  Tensor parameter, first_moment, second_moment;
};
/// The reverse: takes these numbers, rounded to the nearest where they are kept narrower.
void take(const lanes::Lane& lane, const TrainedParameter& parameter, const WholeRows& rows);

}  // namespace heddle::train
