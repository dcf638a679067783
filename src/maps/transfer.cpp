// Building and turning round transfer plans.
#include "heddle/maps/transfer.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace heddle::maps {

TransferPlan adjoint(const TransferPlan& plan) {
  TransferPlan back{plan.target, plan.source, plan.transfers};
  for (Transfer& piece : back.transfers) std::swap(piece.from, piece.to);
  return back;
}

std::vector<Transfer> sent_by(const TransferPlan& plan, Rank rank) {
  std::vector<Transfer> pieces;
  std::ranges::copy_if(plan.transfers, std::back_inserter(pieces),
                       [rank](const Transfer& piece) { return piece.from == rank; });
  return pieces;
}

std::vector<Transfer> received_by(const TransferPlan& plan, Rank rank) {
  std::vector<Transfer> pieces;
  std::ranges::copy_if(plan.transfers, std::back_inserter(pieces),
                       [rank](const Transfer& piece) { return piece.to == rank; });
  return pieces;
}

TransferPlan fill(std::vector<Box> owned, std::vector<Box> needed) {
  HEDDLE_EXPECT(owned.size() == needed.size());
  TransferPlan plan{std::move(owned), std::move(needed), {}};
  for (int to = 0; to < plan.ranks(); ++to)
    for (int from = 0; from < plan.ranks(); ++from)
      if (const Box box = intersect(plan.source[from], plan.target[to]); !box.empty())
        plan.transfers.push_back({from, to, box});
  return plan;
}

}  // namespace heddle::maps
