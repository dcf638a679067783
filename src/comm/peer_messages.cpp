#include "heddle/comm/peer_messages.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <exception>
#include <random>
#include <thread>

#include "heddle/base/error.hpp"
#include "peer_group.hpp"

namespace heddle::comm {
namespace {

using Clock = std::chrono::steady_clock;
// Of a failing rank: as long as lanes move on they are not disturbed, since what other ranks would find is no message of theirs.
constexpr std::chrono::seconds quiet{1}, most{20};

/// Of libraries that are no more. It outlives static objects too.
std::list<std::shared_ptr<PeerPlace>>& left_behind() {
  static auto* const all = new std::list<std::shared_ptr<PeerPlace>>;
  return *all;
}

}  // namespace

PeerMessages::PeerMessages(std::shared_ptr<PeerMemory> memory, std::int64_t bytes)
    : memory_(std::move(memory)), bytes_(bytes), all_(std::make_shared<All>()) {}

/// What other ranks may still reach goes with the process.
PeerMessages::~PeerMessages() {
  all_->sweep();
  left_behind().splice(left_behind().end(), all_->places);
}

DeviceMessages::Id PeerMessages::new_id() {
  std::random_device random;
  Id id{};
  for (std::size_t i = 0; i < 16; i += sizeof(unsigned)) {
    const unsigned number = random();
    std::memcpy(&id[i], &number, sizeof number);
  }
  return id;
}

std::unique_ptr<DeviceMessages::Group> PeerMessages::join(const Id& id, int ranks, int rank) {
  HEDDLE_EXPECT(ranks <= PeerMemory::most_ranks);
  all_->sweep();
  const std::shared_ptr<PeerPlace> place(new PeerPlace{{}, {id, ranks, rank}});
  all_->places.push_back(place);
  try {
    if (ranks > 1) place->inbox = memory_->make(bytes_);
    return std::make_unique<PeerGroup>(all_, memory_, place, bytes_, ranks, rank);
  } catch (...) {
    place->segment.fail();
    throw;
  }
}

void PeerMessages::look_after() {}

// Calls of all ranks stand in one line (docs/design/0020-calls-in-one-line.md), so those of this rank that are enqueued come to
// their end as long as other ranks go on. What is left then waits for ranks that have given up, or that wait for this one.
void PeerMessages::give_up() noexcept try {
  std::vector<lanes::Mark> ends;
  for (PeerGroup* group : all_->groups) {
    group->boxes().stop();
    ends.push_back(group->lane().mark("what is given up"));
  }
  const auto moved = [this] {
    std::uint64_t all = 0;
    for (PeerGroup* group : all_->groups) all += group->boxes().moved();
    return all;
  };
  const auto begin = Clock::now();
  auto changed = begin;
  for (std::uint64_t before = moved(); !std::ranges::all_of(ends, &lanes::Mark::passed);) {
    const auto now = Clock::now();
    if (now - begin > most) return;
    if (const std::uint64_t all = moved(); all != before) before = all, changed = now;
    if (now - changed > quiet)  // again and again: other ranks may still write their own numbers there
      for (PeerGroup* group : all_->groups) group->boxes().release();
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
} catch (const std::exception&) {  // of a device that is broken
}

}  // namespace heddle::comm
