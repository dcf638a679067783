#include "peer_mailboxes.hpp"

#include <algorithm>
#include <atomic>
#include <iterator>

#include "heddle/base/error.hpp"

namespace heddle::comm {
namespace {

constexpr std::uint32_t slots = 2;  // of a mailbox

std::int64_t slice_of(std::int64_t bytes, int ranks) {
  constexpr std::int64_t aligned = 256;
  const std::int64_t mailboxes = std::max(ranks - 1, 1);
  const std::int64_t slice = bytes / (mailboxes * slots) / aligned * aligned;
  HEDDLE_EXPECT(slice > 0);
  return slice;
}

}  // namespace

PeerMailboxes::PeerMailboxes(PeerMemory& memory, std::shared_ptr<PeerPlace> place, std::int64_t bytes,
                             int ranks, int rank)
    : memory_(memory),
      place_(std::move(place)),
      ranks_(ranks),
      rank_(rank),
      slice_(slice_of(bytes, ranks)),
      counters_(memory_.attach(place_->segment.data(), place_->segment.bytes())),
      lane_(memory_.lane()),
      peers_(static_cast<std::size_t>(ranks)) {
  const std::vector<PeerMemory::Handle> handles = place_->segment.meet(place_->inbox.handle);
  for (int peer = 0; peer < ranks_; ++peer)
    if (peer != rank_) peers_[peer].inbox = memory_.open(handles[peer]);
  place_->segment.opened();
}

PeerMailboxes::~PeerMailboxes() {
  peers_.clear();
  counters_.reset();
  place_->segment.leave();
}

PeerMemory::Count PeerMailboxes::count(Counter counter, int from, int to, std::uint32_t value) const {
  void* const at = static_cast<std::byte*>(counters_.get()) + place_->segment.offset(counter, from, to);
  return {static_cast<std::uint32_t*>(at), value};
}

void* PeerMailboxes::slot(void* inbox, int of, int from, std::uint32_t number) const {
  const std::int64_t mailbox = from < of ? from : from - 1;
  return static_cast<std::byte*>(inbox) + (mailbox * slots + number % slots) * slice_;
}

std::vector<PeerMailboxes::Message> PeerMailboxes::with_numbers(std::span<const Message> slices) const {
  std::vector<Message> some;
  if (stopped_) return some;
  std::ranges::copy_if(slices, std::back_inserter(some),
                       [](const Message& slice) { return slice.tensor.count() > 0; });
  for (const Message& slice : some) HEDDLE_EXPECT(slice.tensor.bytes() <= slice_ && slice.peer != rank_);
  return some;
}

void PeerMailboxes::put(std::span<const Message> slices) {
  const std::vector<Message> some = with_numbers(slices);
  if (some.empty()) return;
  std::vector<PeerMemory::Count> free, arrived;
  for (const auto& [peer, tensor] : some)
    free.push_back(count(Counter::taken, rank_, peer, peers_[peer].put + 1 - slots));
  memory_.await(lane_, free);
  for (const auto& [peer, tensor] : some) {
    Peer& to = peers_[peer];
    lane_.copy(tensor, {slot(to.inbox.get(), peer, rank_, to.put), tensor.dtype, tensor.shape});
    arrived.push_back(count(Counter::arrived, rank_, peer, ++to.put));
  }
  memory_.write(lane_, arrived);
}

void PeerMailboxes::await_arrivals(std::span<const Message> slices) {
  std::vector<PeerMemory::Count> arrived;
  for (const auto& [peer, tensor] : slices)
    arrived.push_back(count(Counter::arrived, peer, rank_, peers_[peer].taken + 1));
  memory_.await(lane_, arrived);
}

void PeerMailboxes::tell_taken(std::span<const Message> slices) {
  std::vector<PeerMemory::Count> taken;
  for (const auto& [peer, tensor] : slices)
    taken.push_back(count(Counter::taken, peer, rank_, ++peers_[peer].taken));
  memory_.write(lane_, taken);
}

void PeerMailboxes::take(std::span<const Message> slices) {
  const std::vector<Message> some = with_numbers(slices);
  if (some.empty()) return;
  await_arrivals(some);
  for (const auto& [peer, tensor] : some)
    lane_.copy(
        {slot(place_->inbox.memory.get(), rank_, peer, peers_[peer].taken), tensor.dtype, tensor.shape},
        tensor);
  tell_taken(some);
}

void PeerMailboxes::take_sum(const Tensor& term, const Tensor& sum) {
  std::vector<Message> others;
  std::vector<const void*> terms;
  for (int peer = 0; peer < ranks_; ++peer) {
    if (peer != rank_) others.push_back({peer, sum});
    terms.push_back(peer == rank_ ? term.data
                                  : slot(place_->inbox.memory.get(), rank_, peer, peers_[peer].taken));
  }
  others = with_numbers(others);
  if (others.empty()) return;
  await_arrivals(others);
  memory_.sum(lane_, terms, sum);
  tell_taken(others);
}

void PeerMailboxes::release() {
  for (int peer = 0; peer < ranks_; ++peer) {
    std::atomic_ref(place_->segment.count(Counter::arrived, peer, rank_)).store(peers_[peer].taken);
    std::atomic_ref(place_->segment.count(Counter::taken, rank_, peer)).store(peers_[peer].put);
  }
}

std::uint64_t PeerMailboxes::moved() const {
  std::uint64_t all = 0;
  for (int from = 0; from < ranks_; ++from)
    for (int to = 0; to < ranks_; ++to)
      for (const Counter counter : {Counter::arrived, Counter::taken})
        all += std::atomic_ref(place_->segment.count(counter, from, to)).load();
  return all;
}

}  // namespace heddle::comm
