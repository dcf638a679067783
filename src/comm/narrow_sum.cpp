// A sum over ranks with bf16 between them, in two phases: every rank adds up a block of all ranks' numbers and hands its
// sum on to all. Both phases of several sums pass each other, so each sum has a tag of its own.
#include <fmt/format.h>

#include <utility>

#include "communicator_handle.hpp"
#include "heddle/comm/collectives.hpp"
#include "heddle/maps/blocks.hpp"
#include "slices.hpp"

namespace heddle::comm {
namespace {

constexpr int first_tag = 32100, tags = 32767 - first_tag;  // beyond exchange_tag (route.cpp)

class NarrowSum : public std::enable_shared_from_this<NarrowSum> {
 public:
  NarrowSum(Communicator::Handle& group, const Tensor& sums, lanes::Lane lane)
      : group_(group), sums_(sums), lane_(std::move(lane)), mine_(block(group.rank)) {
    const std::int64_t arriving = (group.size - 1) * mine_.size();
    memory_ = group.workspace((sums.count() + arriving) * size_of(DType::bf16), lane_);
    number_ = group.narrow_sums_begun++;
    if (!group.narrow_sums.empty() && number_ - *group.narrow_sums.begin() >= tags)
      throw Error(ExitCode::failure, fmt::format("more than {} sums in bf16 are under way", tags),
                  "each has a tag of its own", "try a larger comm.bucket_mib");
    group.narrow_sums.insert(number_);
  }
  ~NarrowSum() { group_.narrow_sums.erase(number_); }
  NarrowSum(const NarrowSum&) = delete;
  NarrowSum& operator=(const NarrowSum&) = delete;

  Request start() {
    land({0, 0, sums_.count()}, {DType::f32, DType::bf16}, sums_.data, narrow(0), lanes::Landing::replace);
    return make_request(*group_.shared, lane_, "terms in bf16", {sums_.data, memory_.data()},
                        [self = shared_from_this()](Request::State& state) { self->collect(state); });
  }

 private:
  void collect(Request::State& state) {
    for_each_peer([&](int peer) { receive(state, peer, arrival(peer), mine_.size()); });
    for_each_peer([&](int peer) { send(state, peer, narrow(block(peer).begin), block(peer).size()); });
    state.finish = [self = shared_from_this()](Request::State& state) {
      self->add_up();
      go_on(state, self->lane_, "a sum in bf16", [self](Request::State& state) { self->hand_on(state); });
    };
  }

  /// In the order of the ranks, and the sum rounded once.
  void add_up() {
    for (int rank = 0; rank < group_.size; ++rank)
      land({0, mine_.begin, mine_.size()}, {DType::bf16, DType::f32},
           rank == group_.rank ? narrow(mine_.begin) : arrival(rank), sums_.data,
           rank == 0 ? lanes::Landing::replace : lanes::Landing::add);
    land({mine_.begin, mine_.begin, mine_.size()}, {DType::f32, DType::bf16}, sums_.data, narrow(0),
         lanes::Landing::replace);
  }

  void hand_on(Request::State& state) {
    for_each_peer([&](int peer) { receive(state, peer, narrow(block(peer).begin), block(peer).size()); });
    for_each_peer([&](int peer) { send(state, peer, narrow(mine_.begin), mine_.size()); });
    state.finish = [self = shared_from_this()](Request::State&) {
      self->land({0, 0, self->sums_.count()}, {DType::bf16, DType::f32}, self->narrow(0), self->sums_.data,
                 lanes::Landing::replace);
      self->group_.keep(self->memory_, self->lane_);
    };
  }

  int tag() const { return first_tag + static_cast<int>(number_ % tags); }
  maps::Block block(int rank) const { return maps::balanced_block(sums_.count(), group_.size, rank); }
  /// All numbers, one behind the other, in bf16; behind them what comes from other ranks for this rank's block.
  BFloat16* narrow(std::int64_t element) const { return static_cast<BFloat16*>(memory_.data()) + element; }
  BFloat16* arrival(int peer) const {
    return narrow(sums_.count() + (peer < group_.rank ? peer : peer - 1) * mine_.size());
  }

  void land(lanes::Run run, lanes::LandingTypes types, const void* from, void* to,
            lanes::Landing landing) const {
    lane_.land(std::make_shared<const std::vector<lanes::Run>>(1, run), types, from, to, landing);
  }

  template <class F>
  void for_each_peer(const F& f) const {
    for (int peer = 0; peer < group_.size; ++peer)
      if (peer != group_.rank) f(peer);
  }
  void receive(Request::State& state, int peer, BFloat16* to, std::int64_t count) const {
    in_slices(count, most_of_a_call, [&](std::int64_t begin, int length) {
      check(MPI_Irecv(to + begin, length, mpi_type(DType::bf16), peer, tag(), group_.comm, state.add()),
            "MPI_Irecv");
      ++state.receives;
    });
  }
  void send(Request::State& state, int peer, const BFloat16* from, std::int64_t count) const {
    in_slices(count, most_of_a_call, [&](std::int64_t begin, int length) {
      check(MPI_Isend(from + begin, length, mpi_type(DType::bf16), peer, tag(), group_.comm, state.add()),
            "MPI_Isend");
    });
  }

  Communicator::Handle& group_;
  Tensor sums_;
  lanes::Lane lane_;
  maps::Block mine_;
  lanes::Memory memory_;
  std::int64_t number_ = 0;
};

}  // namespace

Request start_sum(const Communicator& communicator, const Tensor& sums, DType sent, const lanes::Lane& lane) {
  if (sent == sums.dtype) return start_all_reduce(communicator, Reduction::sum, sums, sums, lane);
  HEDDLE_EXPECT(sums.dtype == DType::f32 && sent == DType::bf16);
  return std::make_shared<NarrowSum>(communicator.handle(), sums, lane)->start();
}

}  // namespace heddle::comm
