// The device's message library in a communicator: the group of all its ranks, and channels from one rank to another, so that
// no message waits for one that goes elsewhere.
#pragma once

#include <map>
#include <memory>
#include <set>

#include "heddle/comm/device_messages.hpp"
#include "heddle/comm/point_to_point.hpp"
#include "mpi.hpp"

namespace heddle::comm {

class Channels {
 public:
  using Group = DeviceMessages::Group;
  /// Collective over `comm`, of which this is one rank. Where it is the only one: none.
  void open(DeviceMessages& library, MPI_Comm comm, int ranks, int rank);
  /// Collective over `comm`, whose ranks name the same.
  void open(DeviceMessages& library, MPI_Comm comm, int rank, const std::set<Channel>& channels);

  /// Null where the host's message library carries what is on this lane.
  Group* all(const lanes::Lane& lane) const { return lane.stream() ? all_.get() : nullptr; }
  Group* one(const Channel& channel, const lanes::Lane& lane) const;
  bool any(const lanes::Lane& lane) const { return lane.stream() && !some_.empty(); }

 private:
  std::unique_ptr<Group> all_;
  std::map<Channel, std::unique_ptr<Group>> some_;  // that begin or end at this rank
};

}  // namespace heddle::comm
