// Which products of matrices a rank will compute, before it has memory for them.
#pragma once

#include <set>

#include "heddle/kernels/product_library.hpp"
#include "heddle/plan/plan.hpp"

namespace heddle::exec {

/// The kinds of products of a program, of every chunk of the loss, as the rank's memory plan lays out their matrices: gemm will
/// find the same keys, since memory of lanes is aligned to ProductKey::most_alignment and no plan says more.
std::set<kernels::ProductKey> product_keys(const passes::Program& program, const plan::RankPlan& rank);

}  // namespace heddle::exec
