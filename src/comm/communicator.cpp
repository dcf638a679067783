#include "heddle/comm/communicator.hpp"

#include <utility>

#include "communicator_handle.hpp"
#include "heddle/comm/mpi_handle.hpp"

namespace heddle::comm {
namespace {

/// Is every rank of `part` one of `whole`?
bool within(MPI_Comm part, MPI_Comm whole) {
  MPI_Group inner, outer, outside;
  check(MPI_Comm_group(part, &inner), "MPI_Comm_group");
  check(MPI_Comm_group(whole, &outer), "MPI_Comm_group");
  check(MPI_Group_difference(inner, outer, &outside), "MPI_Group_difference");
  int others = 0;
  check(MPI_Group_size(outside, &others), "MPI_Group_size");
  for (MPI_Group* group : {&inner, &outer, &outside}) check(MPI_Group_free(group), "MPI_Group_free");
  return others == 0;
}

lanes::Memory make_landing(std::int64_t bytes, const lanes::Lane& lane) { return lanes::Memory(bytes, lane); }

}  // namespace

Communicator::Handle::Handle(MPI_Comm owned, Shared& all)
    : comm(owned), shared(&all), workspaces(make_landing, all.memory.landing) {
  check(MPI_Comm_rank(comm, &rank), "MPI_Comm_rank");
  check(MPI_Comm_size(comm, &size), "MPI_Comm_size");
  if (shared->device) channels.open(*shared->device, comm, size, rank);
}

Communicator::Handle::~Handle() { shared->retired.push_back(comm); }

void Shared::free_retired(MPI_Comm here) {
  std::vector<MPI_Comm> kept;
  for (MPI_Comm comm : retired) {
    if (within(comm, here))
      check(MPI_Comm_free(&comm), "MPI_Comm_free");
    else
      kept.push_back(comm);
  }
  retired = std::move(kept);
}

Communicator::Communicator(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
Communicator::Communicator(Communicator&&) noexcept = default;
Communicator& Communicator::operator=(Communicator&&) noexcept = default;
Communicator::~Communicator() = default;

int Communicator::rank() const { return handle_->rank; }
int Communicator::size() const { return handle_->size; }

int Communicator::world_rank(int member) const {
  MPI_Group here, world;
  check(MPI_Comm_group(handle_->comm, &here), "MPI_Comm_group");
  check(MPI_Comm_group(MPI_COMM_WORLD, &world), "MPI_Comm_group");
  int number = -1;
  check(MPI_Group_translate_ranks(here, 1, &member, world, &number), "MPI_Group_translate_ranks");
  MPI_Group_free(&here);
  MPI_Group_free(&world);
  return number;
}

MPI_Comm mpi_handle(const Communicator& communicator) { return communicator.handle().comm; }

Watchdog& Communicator::watchdog() const { return handle_->shared->watchdog; }

}  // namespace heddle::comm
