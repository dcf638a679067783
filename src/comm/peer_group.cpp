#include "peer_group.hpp"

#include <algorithm>

#include "heddle/base/error.hpp"
#include "heddle/maps/blocks.hpp"

namespace heddle::comm {
namespace {

/// Some of the numbers, in a row.
Tensor part(const Tensor& tensor, std::int64_t begin, std::int64_t count) {
  return {static_cast<std::byte*>(tensor.data) + begin * size_of(tensor.dtype), tensor.dtype, {count}};
}

Tensor block(const Tensor& tensor, int ranks, int rank) {
  const maps::Block held = maps::balanced_block(tensor.count(), ranks, rank);
  return part(tensor, held.begin, held.size());
}

}  // namespace

void PeerMessages::All::sweep() {
  std::erase_if(places, [](const auto& place) { return place->segment.left_by_all(); });
}

PeerGroup::PeerGroup(std::shared_ptr<PeerMessages::All> all, std::shared_ptr<PeerMemory> memory,
                     std::shared_ptr<PeerPlace> place, std::int64_t bytes, int ranks, int rank)
    : all_(std::move(all)),
      memory_(std::move(memory)),
      boxes_(*memory_, std::move(place), bytes, ranks, rank) {
  all_->groups.insert(this);
}

/// Other ranks do their part of what is enqueued, or it has been given up.
PeerGroup::~PeerGroup() {
  all_->groups.erase(this);
  try {
    lane().fence("the end of a group");
  } catch (const std::exception&) {  // of a device that is broken
  }
}

template <class F>
void PeerGroup::in_pieces(const Tensor& tensor, int slices, const F& f) const {
  const std::int64_t most = slices * (boxes_.slice() / size_of(tensor.dtype));
  for (std::int64_t begin = 0; begin < tensor.count(); begin += most)
    f(begin, std::min(most, tensor.count() - begin));
}

template <class TensorOf>
std::vector<PeerGroup::Message> PeerGroup::to_others(const TensorOf& tensor_of) const {
  std::vector<Message> all;
  for (int peer = 0; peer < boxes_.ranks(); ++peer)
    if (peer != boxes_.rank()) all.push_back({peer, tensor_of(peer)});
  return all;
}

// Every rank adds up a block of each piece, and gives the others the sum.
void PeerGroup::all_reduce(const Tensor& in, const Tensor& out) {
  const int ranks = boxes_.ranks(), me = boxes_.rank();
  if (ranks == 1) return lane().copy(in, out);
  in_pieces(in, ranks, [&](std::int64_t begin, std::int64_t count) {
    const Tensor terms = part(in, begin, count), sums = part(out, begin, count);
    const Tensor mine = block(sums, ranks, me);
    boxes_.put(to_others([&](int peer) { return block(terms, ranks, peer); }));
    boxes_.take_sum(block(terms, ranks, me), mine);
    boxes_.put(to_others([&](int) { return mine; }));
    boxes_.take(to_others([&](int peer) { return block(sums, ranks, peer); }));
  });
}

void PeerGroup::reduce(const Tensor& tensor, int root) {
  if (boxes_.ranks() == 1) return;
  in_pieces(tensor, 1, [&](std::int64_t begin, std::int64_t count) {
    const Tensor slice = part(tensor, begin, count);
    if (boxes_.rank() == root) return boxes_.take_sum(slice, slice);
    boxes_.put(std::array{Message{root, slice}});
  });
}

void PeerGroup::broadcast(const Tensor& tensor, int root) {
  in_pieces(tensor, 1, [&](std::int64_t begin, std::int64_t count) {
    const Tensor slice = part(tensor, begin, count);
    if (boxes_.rank() == root) return boxes_.put(to_others([&](int) { return slice; }));
    boxes_.take(std::array{Message{root, slice}});
  });
}

std::vector<std::vector<Tensor>> PeerGroup::slices_of(std::span<const Message> messages) const {
  std::vector<std::vector<Tensor>> slices(static_cast<std::size_t>(boxes_.ranks()));
  for (const auto& [peer, tensor] : messages)
    in_pieces(tensor, 1, [&, peer = peer, &whole = tensor](std::int64_t begin, std::int64_t count) {
      slices[peer].push_back(part(whole, begin, count));
    });
  return slices;
}

void PeerGroup::exchange(std::span<const Message> sends, std::span<const Message> receives) {
  auto sent = slices_of(sends), received = slices_of(receives);
  std::vector<Tensor>&from_me = sent[boxes_.rank()], &to_me = received[boxes_.rank()];
  HEDDLE_EXPECT(from_me.size() == to_me.size());
  for (std::size_t i = 0; i < from_me.size(); ++i) lane().copy(from_me[i], to_me[i]);
  from_me.clear(), to_me.clear();

  std::size_t turns = 0;
  for (const auto* all : {&sent, &received})
    for (const auto& slices : *all) turns = std::max(turns, slices.size());
  const auto of_turn = [](const std::vector<std::vector<Tensor>>& all, std::size_t turn) {
    std::vector<Message> slices;
    for (int peer = 0; peer < std::ssize(all); ++peer)
      if (turn < all[peer].size()) slices.push_back({peer, all[peer][turn]});
    return slices;
  };
  for (std::size_t turn = 0; turn < turns; ++turn) {
    boxes_.put(of_turn(sent, turn));
    boxes_.take(of_turn(received, turn));
  }
}

}  // namespace heddle::comm
