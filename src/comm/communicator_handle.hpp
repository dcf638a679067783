// What stands behind a Communicator.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <set>

#include "channels.hpp"
#include "heddle/comm/communicator.hpp"
#include "heddle/comm/exchange.hpp"
#include "shared.hpp"

namespace heddle::comm {

/// Owns `comm`.
struct Communicator::Handle {
  MPI_Comm comm = MPI_COMM_NULL;
  Shared* shared = nullptr;
  int rank = 0, size = 1;
  /// A map on tensors of one size is prepared when it is first started: {kind, dim, target
  /// dim, dtype, extents...}.
  std::map<std::array<std::int64_t, 5 + Shape::max_rank>, std::shared_ptr<Exchange::Route>> routes;

  std::set<std::int64_t> sums;  ///< the numbers of those under way by messages (sum_by_messages.cpp)
  std::int64_t sums_begun = 0;

  /// For what comes from other ranks.
  Workspaces workspaces;

  Channels channels;  ///< gone before the memory that they use

  /// Collective over `owned` where the device has a message library.
  Handle(MPI_Comm owned, Shared& all);
  ~Handle();
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
};

}  // namespace heddle::comm
