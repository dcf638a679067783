#include "heddle/comm/gather.hpp"
#include "heddle/io/run_rows.hpp"

namespace heddle::io {

std::vector<std::vector<EventRow>> gather_events(const comm::Communicator& ranks,
                                                 std::span<const EventRow> mine) {
  return comm::gather_rows(ranks, mine, comm::Receivers::first, "the ranks' timelines");
}

}  // namespace heddle::io
