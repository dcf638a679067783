#include "channels.hpp"

namespace heddle::comm {
namespace {

DeviceMessages::Id id_from(DeviceMessages& library, MPI_Comm comm, int rank, int root) {
  DeviceMessages::Id id{};
  if (rank == root) id = library.new_id();
  check(MPI_Bcast(id.data(), static_cast<int>(id.size()), MPI_BYTE, root, comm), "MPI_Bcast");
  return id;
}

}  // namespace

void Channels::open(DeviceMessages& library, MPI_Comm comm, int ranks, int rank) {
  if (ranks > 1) all_ = library.join(id_from(library, comm, rank, 0), ranks, rank);
}

void Channels::open(DeviceMessages& library, MPI_Comm comm, int rank, const std::set<Channel>& channels) {
  for (const Channel& channel : channels) {
    const DeviceMessages::Id id = id_from(library, comm, rank, channel.from);
    if (rank == channel.from || rank == channel.to) some_[channel] = library.join(id, 2, rank == channel.to);
  }
}

Channels::Group* Channels::one(const Channel& channel, const lanes::Lane& lane) const {
  const auto found = some_.find(channel);
  return lane.stream() && found != some_.end() ? found->second.get() : nullptr;
}

}  // namespace heddle::comm
