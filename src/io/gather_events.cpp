#include <type_traits>

#include "heddle/comm/mpi_handle.hpp"
#include "heddle/io/run_file.hpp"

namespace heddle::io {

std::vector<std::vector<EventRow>> gather_events(const comm::Communicator& ranks,
                                                 std::span<const EventRow> mine) {
  static_assert(std::is_trivially_copyable_v<EventRow>);
  const MPI_Comm group = comm::mpi_handle(ranks);
  const bool leads = ranks.rank() == 0;
  const int bytes = static_cast<int>(mine.size_bytes());
  std::vector<int> lengths(leads ? static_cast<std::size_t>(ranks.size()) : 0), places(lengths.size());
  MPI_Gather(&bytes, 1, MPI_INT, lengths.data(), 1, MPI_INT, 0, group);
  int total = 0;
  for (std::size_t i = 0; i < lengths.size(); ++i) places[i] = total, total += lengths[i];
  std::vector<EventRow> all(static_cast<std::size_t>(total) / sizeof(EventRow));
  MPI_Gatherv(mine.data(), bytes, MPI_BYTE, all.data(), lengths.data(), places.data(), MPI_BYTE, 0, group);

  std::vector<std::vector<EventRow>> rows;
  auto next = all.begin();
  for (int length : lengths) {
    const auto end = next + length / static_cast<int>(sizeof(EventRow));
    rows.emplace_back(next, end);
    next = end;
  }
  return rows;
}

}  // namespace heddle::io
