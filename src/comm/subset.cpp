#include "heddle/comm/subset.hpp"

#include "communicator_handle.hpp"
#include "heddle/comm/collectives.hpp"

namespace heddle::comm {

Communicator subset(const Communicator& parent, Membership membership) {
  const int color = membership == Membership::member ? 0 : 1 + parent.rank();
  barrier(parent, "set-up of a part of the grid");
  MPI_Comm part;
  check(MPI_Comm_split(parent.handle().comm, color, parent.rank(), &part), "MPI_Comm_split");
  return Communicator(std::make_unique<Communicator::Handle>(part, *parent.handle().shared));
}

}  // namespace heddle::comm
