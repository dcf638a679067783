// The plan of a data movement: who hands which box to whom. Halo exchange, repartition and broadcast
// between partitions all produce it, one routine in comm and one in the oracle carry it out, and its
// adjoint is a plan again.
#pragma once

#include <vector>

#include "heddle/base/ids.hpp"
#include "heddle/maps/box.hpp"

namespace heddle::maps {

/// The piece `box`, in global coordinates, goes from one rank to another; to itself where a rank keeps
/// what it has.
struct Transfer {
  int from = 0, to = 0;
  Box box;

  friend bool operator==(const Transfer&, const Transfer&) = default;
};

/// Rank r holds the box source[r] before and target[r] after; an idle rank's box is empty. Carrying out
/// means: the target starts at zero and every piece is *added*, in the order of `transfers`. Where each
/// target element arrives once (halo, repartition, broadcast) that is a copy; in the adjoint it is the sum
/// that the chain rule asks for, always in the same order.
struct TransferPlan {
  std::vector<Box> source, target;
  std::vector<Transfer> transfers;

  int ranks() const { return static_cast<int>(source.size()); }
  friend bool operator==(const TransferPlan&, const TransferPlan&) = default;
};

/// The plan in which everybody hands back what it received.
TransferPlan adjoint(const TransferPlan& plan);

/// The pieces that `rank` sends (receives), in the order of the plan, those to itself included.
std::vector<Transfer> sent_by(const TransferPlan& plan, Rank rank);
std::vector<Transfer> received_by(const TransferPlan& plan, Rank rank);

/// The plan that fills every rank's `needed` box from the ranks that own its pieces. Owned boxes must not
/// overlap; needed boxes may.
TransferPlan fill(std::vector<Box> owned, std::vector<Box> needed);

}  // namespace heddle::maps
