#include "heddle/exec/replays.hpp"

namespace heddle::exec {

std::size_t Replays::Hash::operator()(const RunKey& key) const {
  std::uint64_t hash = key.size();
  for (const std::uint64_t word : key) hash = (hash ^ word) * 0x9e3779b97f4a7c15u;  // odd, so no bit is lost
  return hash ^ hash >> 32;
}

void Replays::run(const RunKey& key, std::int64_t nodes, const std::function<void()>& work) {
  count_.nodes += nodes;
  if (nodes < least_replayed) return work();
  const auto [found, is_new] = known_.try_emplace(key);
  std::function<void()>& replay = found->second;
  if (!is_new && !replay && count_.refused.empty()) {
    lanes::Recorded recorded = lane_.record(work);
    replay = std::move(recorded.replay);
    count_.recordings += replay != nullptr;
    count_.refused = std::move(recorded.refused);
  }
  if (!replay) return work();
  count_.replayed += nodes;
  ++count_.launches;
  replay();
}

}  // namespace heddle::exec
