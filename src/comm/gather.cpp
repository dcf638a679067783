#include "heddle/comm/gather.hpp"

#include "communicator_handle.hpp"
#include "slices.hpp"

namespace heddle::comm {
namespace {

constexpr int gather_tag = 32001;  // above those of point_to_point.hpp

/// Shared with the requests, which may outlive the call where the run fails.
struct Gathering {
  std::vector<std::int64_t> lengths;
  std::vector<std::string> parts;
};

template <class Start>
Request begin_with(const Communicator::Handle& group, const std::shared_ptr<Gathering>& all, Start&& start) {
  return make_request(*group.shared, {}, {"gather", {}, [all, start](Request::State& state, const auto&) {
                                            state.own.push_back(all);
                                            start(state);
                                          }});
}

Request start_lengths(const Communicator::Handle& group, const std::shared_ptr<Gathering>& all) {
  return begin_with(group, all, [&group, all](Request::State& state) {
    check(MPI_Iallgather(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, all->lengths.data(), 1, MPI_INT64_T, group.comm,
                         state.add()),
          "MPI_Iallgather");
  });
}

Request start_to_all(const Communicator::Handle& group, const std::shared_ptr<Gathering>& all) {
  return begin_with(group, all, [&group, all](Request::State& state) {
    for (int from = 0; from < group.size; ++from)
      in_slices(all->lengths[from], most_of_a_call, [&](std::int64_t begin, int count) {
        check(MPI_Ibcast(all->parts[from].data() + begin, count, MPI_BYTE, from, group.comm, state.add()),
              "MPI_Ibcast");
      });
  });
}

Request start_to_first(const Communicator::Handle& group, const std::shared_ptr<Gathering>& all) {
  return begin_with(group, all, [&group, all](Request::State& state) {
    for (int from = 1; from < group.size; ++from)
      in_slices(all->lengths[from], most_of_a_call, [&](std::int64_t begin, int count) {
        char* const bytes = all->parts[from].data() + begin;
        if (group.rank == 0)
          check(MPI_Irecv(bytes, count, MPI_BYTE, from, gather_tag, group.comm, state.add()), "MPI_Irecv");
        else if (group.rank == from)
          check(MPI_Isend(bytes, count, MPI_BYTE, 0, gather_tag, group.comm, state.add()), "MPI_Isend");
      });
    if (group.rank == 0) state.receives = state.pending.size();
  });
}

}  // namespace

std::vector<std::string> gather(const Communicator& communicator, std::string mine, Receivers receivers,
                                const std::string& action) {
  const auto& group = communicator.handle();
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
