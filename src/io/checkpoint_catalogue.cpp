#include "checkpoint_catalogue.hpp"

#include <fmt/format.h>

#include <cstring>
#include <utility>
#include <vector>

#include "heddle/comm/mpi_handle.hpp"

namespace heddle::io {
namespace {

std::vector<Announcement> announce(std::span<const Shard> shards) {
  std::vector<Announcement> mine;
  for (const auto& shard : shards) {
    Announcement one{};
    HEDDLE_EXPECT(shard.dataset.size() < sizeof one.dataset);
    std::memcpy(one.dataset, shard.dataset.data(), shard.dataset.size());
    one.global = shard.global;
    one.dtype = shard.local.dtype;
    one.written = shard.writes ? shard.local.count() : 0;
    mine.push_back(one);
  }
  return mine;
}

std::vector<Announcement> gather_all(MPI_Comm group, const std::vector<Announcement>& mine, int ranks) {
  int bytes = static_cast<int>(mine.size() * sizeof(Announcement));
  std::vector<int> lengths(static_cast<std::size_t>(ranks)), places(lengths.size());
  MPI_Allgather(&bytes, 1, MPI_INT, lengths.data(), 1, MPI_INT, group);
  int total = 0;
  for (std::size_t i = 0; i < lengths.size(); ++i) places[i] = std::exchange(total, total + lengths[i]);
  std::vector<Announcement> all(static_cast<std::size_t>(total) / sizeof(Announcement));
  MPI_Allgatherv(mine.data(), bytes, MPI_BYTE, all.data(), lengths.data(), places.data(), MPI_BYTE, group);
  return all;
}

Catalogue merge(const std::vector<Announcement>& all) {
  Catalogue catalogue;
  for (const auto& one : all) {
    auto [entry, is_new] = catalogue.try_emplace(one.dataset, one);
    if (is_new) continue;
    HEDDLE_EXPECT(entry->second.global == one.global && entry->second.dtype == one.dtype);
    entry->second.written += one.written;
  }
  for (const auto& [dataset, one] : catalogue)
    if (one.written != one.global.count())
      throw Error(ExitCode::failure, fmt::format("checkpoint: {} of {} numbers of {} would be written",
                                                 one.written, one.global.count(), dataset));
  return catalogue;
}

}  // namespace

Catalogue agree_on_catalogue(const comm::Communicator& ranks, std::span<const Shard> shards) {
  return merge(gather_all(comm::mpi_handle(ranks), announce(shards), ranks.size()));
}

}  // namespace heddle::io
