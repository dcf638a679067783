// Runs of kernels that come again with the same arguments: recorded by the lane once, then replayed as one launch.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "heddle/lanes/lane.hpp"

namespace heddle::exec {

/// What the kernels of a run were, and what became of them.
struct ReplayCount {
  std::int64_t nodes = 0;       ///< that were carried out by a kernel, or several
  std::int64_t replayed = 0;    ///< of these: as part of what was recorded
  std::int64_t launches = 0;    ///< of recordings
  std::int64_t recordings = 0;  ///< that are kept
  std::string refused = {};     ///< why the lane would not record, if so: then nothing more is recorded

  /// Of what came after `before`.
  friend ReplayCount operator-(const ReplayCount& now, const ReplayCount& before) {
    return {now.nodes - before.nodes, now.replayed - before.replayed, now.launches - before.launches,
            now.recordings - before.recordings, now.refused};
  }
  friend ReplayCount operator+(const ReplayCount& a, const ReplayCount& b) {
    return {a.nodes + b.nodes, a.replayed + b.replayed, a.launches + b.launches, a.recordings + b.recordings,
            a.refused.empty() ? b.refused : a.refused};
  }
};

/// Nodes that are worth it: a recording of fewer is launched no faster than they are.
inline constexpr int least_replayed = 3;

/// What a run of kernels is told by: all that their arguments are made of. Runs with equal keys do the same.
using RunKey = std::vector<std::uint64_t>;

class Replays {
 public:
  explicit Replays(lanes::Lane lane) : lane_(std::move(lane)) {}

  /// Does `work`, which enqueues `nodes` nodes on the lane and nothing else. The first time with a key it is carried out, so that
  /// libraries load code and find memory; the second time it is recorded; from then on what was recorded is replayed.
  void run(const RunKey& key, std::int64_t nodes, const std::function<void()>& work);

  const ReplayCount& count() const { return count_; }
  /// Nodes that were enqueued otherwise.
  void add_enqueued(std::int64_t nodes) { count_.nodes += nodes; }

 private:
  struct Hash {
    std::size_t operator()(const RunKey& key) const;
  };

  lanes::Lane lane_;
  std::unordered_map<RunKey, std::function<void()>, Hash> known_;  ///< what replays them; empty: seen once
  ReplayCount count_;
};

}  // namespace heddle::exec
