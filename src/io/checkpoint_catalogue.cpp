#include "checkpoint_catalogue.hpp"

#include <fmt/format.h>

#include <cstring>

#include "heddle/comm/first_error.hpp"
#include "heddle/comm/gather.hpp"

namespace heddle::io {
namespace {

/// A shard as plain bytes, so that ranks can exchange it.
struct Announcement {
  char dataset[232];
  Shape global;
  maps::Box box;
  DType dtype;
  bool writes;
};

std::vector<Announcement> announce(std::span<const Shard> shards) {
  std::vector<Announcement> mine;
  for (const Shard& shard : shards) {
    Announcement one{};
    HEDDLE_EXPECT(shard.dataset.size() < sizeof one.dataset);
    std::memcpy(one.dataset, shard.dataset.data(), shard.dataset.size());
    one.global = shard.global;
    one.box = box_of(shard);
    one.dtype = shard.local.dtype;
    one.writes = shard.writes;
    mine.push_back(one);
  }
  return mine;
}

std::int64_t written(const Listed& dataset) {
  std::int64_t count = 0;
  for (const std::vector<maps::Box>& parts : dataset.parts)
    for (const maps::Box& part : parts) count += part.count();
  return count;
}

Catalogue merge(const std::vector<std::vector<Announcement>>& all) {
  Catalogue catalogue;
  for (std::size_t rank = 0; rank < all.size(); ++rank)
    for (const Announcement& one : all[rank]) {
      Listed& dataset = catalogue.try_emplace(one.dataset, one.global, one.dtype).first->second;
      HEDDLE_EXPECT(dataset.global == one.global && dataset.dtype == one.dtype);
      dataset.parts.resize(all.size());
      if (one.writes) dataset.parts[rank].push_back(one.box);
    }
  for (const auto& [name, dataset] : catalogue)
    if (written(dataset) != dataset.global.count())
      throw Error(ExitCode::failure, fmt::format("checkpoint: {} of {} numbers of {} would be written",
                                                 written(dataset), dataset.global.count(), name));
  return catalogue;
}

}  // namespace

maps::Box box_of(const Shard& shard) { return maps::shift(maps::Box(shard.local.shape), shard.begin); }

Catalogue catalogue_of(const comm::Communicator& ranks, std::span<const Shard> shards) {
  const char* const why = "the checkpoint's datasets";
  const auto all = comm::gather_rows<Announcement>(ranks, announce(shards), comm::Receivers::first, why);
  Catalogue catalogue;
  if (const auto mistake = comm::first_error(
          ranks, [&] { catalogue = merge(all); }, why))
    throw Error(*mistake);
  return catalogue;
}

}  // namespace heddle::io
