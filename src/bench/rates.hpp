// What this machine computes and copies, measured by all ranks at the same time: the floors that a step is held
// against.
#pragma once

#include <span>
#include <string>

#include "heddle/base/cost.hpp"
#include "heddle/base/precision.hpp"
#include "heddle/base/tensor.hpp"
#include "heddle/comm/communicator.hpp"
#include "heddle/lanes/lane.hpp"

namespace heddle::bench {

/// y [m, n] = x [m, k] weight^T.
struct ProductShape {
  std::int64_t m, n, k;
};
std::string name(const ProductShape& shape);  ///< "8192 x 8192 x 8192"

/// Shapes as they occur in a model, large enough that the lane's device is full with one.
std::span<const ProductShape> product_shapes(const lanes::Lane& lane);

/// FLOPs a second of kernels::gemm on this rank's lane, as a run in that precision calls it. Collective.
double product_rate(const comm::Communicator& world, const lanes::Lane& lane, Precision precision,
                    const ProductShape& shape);
/// Bytes a second, read and written, of copies that no cache holds. Collective, so that ranks which share a memory
/// share it here too.
double copy_rate(const comm::Communicator& world, const lanes::Lane& lane);

/// The copy rate, and that of the fastest of the products.
Rates measure_rates(Precision precision, const comm::Communicator& world, const lanes::Lane& lane);

}  // namespace heddle::bench
