#include "heddle/comm/gather.hpp"

#include "communicator_handle.hpp"
#include "request_state.hpp"
#include "slices.hpp"

namespace heddle::comm {
namespace {

constexpr int gather_tag = 32001;  // above those of point_to_point.hpp

/// Shared with the requests, which may outlive the call where the run fails.
struct Gathering {
  std::vector<std::int64_t> lengths;
  std::vector<std::string> parts;
};

std::unique_ptr<Request::State> new_state(Communicator::Handle& group,
                                          const std::shared_ptr<Gathering>& all) {
  auto state = std::make_unique<Request::State>(*group.watchdog);
  state->own = all;
  return state;
}

Request start_lengths(Communicator::Handle& group, const std::shared_ptr<Gathering>& all) {
  auto state = new_state(group, all);
  check(MPI_Iallgather(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, all->lengths.data(), 1, MPI_INT64_T, group.comm,
                       state->add()),
        "MPI_Iallgather");
  return Request(std::move(state));
}

Request start_to_all(Communicator::Handle& group, const std::shared_ptr<Gathering>& all) {
  auto state = new_state(group, all);
  for (int from = 0; from < group.size; ++from)
    in_slices(all->lengths[from], most_of_a_call, [&](std::int64_t begin, int count) {
      check(MPI_Ibcast(all->parts[from].data() + begin, count, MPI_BYTE, from, group.comm, state->add()),
            "MPI_Ibcast");
    });
  return Request(std::move(state));
}

Request start_to_first(Communicator::Handle& group, const std::shared_ptr<Gathering>& all) {
  auto state = new_state(group, all);
  for (int from = 1; from < group.size; ++from)
    in_slices(all->lengths[from], most_of_a_call, [&](std::int64_t begin, int count) {
      char* const bytes = all->parts[from].data() + begin;
      if (group.rank == 0)
        check(MPI_Irecv(bytes, count, MPI_BYTE, from, gather_tag, group.comm, state->add()), "MPI_Irecv");
      else if (group.rank == from)
        check(MPI_Isend(bytes, count, MPI_BYTE, 0, gather_tag, group.comm, state->add()), "MPI_Isend");
    });
  if (group.rank == 0) state->receives = state->pending.size();
  return Request(std::move(state));
}

}  // namespace

std::vector<std::string> gather(const Communicator& communicator, std::string mine, Receivers receivers,
                                const std::string& action) {
  auto& group = communicator.handle();
  const bool receives = receivers == Receivers::all || group.rank == 0;
  const auto all = std::make_shared<Gathering>();
  all->lengths.resize(group.size);
  all->parts.resize(group.size);
  all->lengths[group.rank] = static_cast<std::int64_t>(mine.size());
  all->parts[group.rank] = std::move(mine);

  Request lengths = start_lengths(group, all);
  wait(lengths, {action});
  if (receives)
    for (int rank = 0; rank < group.size; ++rank) all->parts[rank].resize(all->lengths[rank]);
  Request bytes = receivers == Receivers::all ? start_to_all(group, all) : start_to_first(group, all);
  wait(bytes, {action});
  if (!receives) return {};
  return std::move(all->parts);
}

}  // namespace heddle::comm
