#include "channels.hpp"

namespace heddle::comm {
namespace {

DeviceMessages::Id id_from(DeviceMessages& library, MPI_Comm comm, int root) {
  int rank = 0;
  check(MPI_Comm_rank(comm, &rank), "MPI_Comm_rank");
  DeviceMessages::Id id{};
  if (rank == root) id = library.new_id();
  check(MPI_Bcast(id.data(), static_cast<int>(id.size()), MPI_BYTE, root, comm), "MPI_Bcast");
  return id;
}

}  // namespace

void Channels::open(DeviceMessages& library, MPI_Comm comm) {
  int rank = 0, size = 1;
  check(MPI_Comm_rank(comm, &rank), "MPI_Comm_rank");
  check(MPI_Comm_size(comm, &size), "MPI_Comm_size");
  if (size > 1) all_ = library.join(id_from(library, comm, 0), size, rank);
}

void Channels::open(DeviceMessages& library, MPI_Comm comm, const std::set<Channel>& channels) {
  int rank = 0;
  check(MPI_Comm_rank(comm, &rank), "MPI_Comm_rank");
  for (const Channel& channel : channels) {
    const DeviceMessages::Id id = id_from(library, comm, channel.from);
    if (rank == channel.from || rank == channel.to) some_[channel] = library.join(id, 2, rank == channel.to);
  }
}

Channels::Group* Channels::one(const Channel& channel, const lanes::Lane& lane) const {
  const auto found = some_.find(channel);
  return lane.stream() && found != some_.end() ? found->second.get() : nullptr;
}

}  // namespace heddle::comm
