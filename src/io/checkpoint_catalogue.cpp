#include "checkpoint_catalogue.hpp"

#include <fmt/format.h>

#include <cstring>
#include <vector>

#include "heddle/comm/gather.hpp"

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

Catalogue merge(const std::vector<std::vector<Announcement>>& all) {
  Catalogue catalogue;
  for (const auto& ranks_own : all)
    for (const auto& one : ranks_own) {
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
  return merge(comm::gather_rows<Announcement>(ranks, announce(shards), comm::Receivers::all,
                                               "the checkpoint's datasets"));
}

}  // namespace heddle::io
