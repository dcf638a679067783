// A sum over ranks by messages: a reduce_scatter, in which every rank adds up a block of all ranks' numbers, and a gather of the
// blocks. So are sums with bf16 between ranks, which are added up in fp32, and sums of a GPU's numbers by a device-aware MPI. Several
// sums pass each other, so each has a tag of its own.
#include "sum_by_messages.hpp"

#include <fmt/format.h>

#include <utility>

#include "communicator_handle.hpp"
#include "heddle/comm/collectives.hpp"
#include "map_route.hpp"

namespace heddle::comm {
namespace {

/// Of one sum, as long as it is under way.
class Tag {
 public:
  explicit Tag(Communicator::Handle& group) : group_(group), number_(group.sums_begun++) {
    if (!group.sums.empty() && number_ - *group.sums.begin() >= tags)
      throw Error(ExitCode::failure, fmt::format("more than {} sums by messages are under way", tags),
                  "each has a tag of its own", "try a larger comm.bucket_mib");
    group.sums.insert(number_);
  }
  ~Tag() { group_.sums.erase(number_); }
  Tag(const Tag&) = delete;
  Tag& operator=(const Tag&) = delete;

  int value() const { return first + static_cast<int>(number_ % tags); }

 private:
  static constexpr int first = 32100, tags = 32767 - first;  // beyond exchange_tag (route.cpp)

  Communicator::Handle& group_;
  std::int64_t number_;
};

Tensor part(const Tensor& vector, const maps::Block& block) {
  return {
      static_cast<char*>(vector.data) + block.begin * size_of(vector.dtype), vector.dtype, {block.size()}};
}

void convert(const Tensor& from, const Tensor& to, const lanes::Lane& lane) {
  lane.land(std::make_shared<const std::vector<lanes::Run>>(1, lanes::Run{0, 0, from.count()}),
            {from.dtype, to.dtype}, from.data, to.data, lanes::Landing::replace);
}

std::shared_ptr<Exchange::Route> route(const Communicator& ranks, maps::MapKind kind, const Tensor& in,
                                       const Tensor& out) {
  return route_of(ranks, {.kind = kind, .axes = {}, .dim = 0}, in.shape, out.shape, in.dtype);
}

Tensor in_a_row(const Tensor& tensor) { return {tensor.data, tensor.dtype, {tensor.count()}}; }

/// The sums lie in place, and what is sent in a workspace of the lane that sends.
struct Numbers {
  Numbers(Communicator::Handle& group, const Tensor& all_sums, DType type, const lanes::Lane& lane)
      : memory(group.workspaces.take(all_sums.count() * size_of(type), lane)), sums(all_sums) {
    const maps::Block mine = maps::balanced_block(sums.count(), group.size, group.rank);
    sent = {memory.data(), type, sums.shape};
    my_sums = part(sums, mine), my_sent = part(sent, mine);
  }
  lanes::Memory memory;
  Tensor sums, sent, my_sums, my_sent;
};

Request start(const Communicator& ranks, const Tensor& terms, const Tensor& sums, DType sent,
              const lanes::Lane& lane) {
  Communicator::Handle& group = ranks.handle();
  const auto tag = std::make_shared<const Tag>(group);
  const Numbers at(group, sums, sent, lane);
  const auto widen = [=, &group, until_here = tag](Request::State&) {
    convert(at.sent, at.sums, lane);
    group.workspaces.keep(at.memory, lane);
  };
  const auto hand_on =
      [=, gather = route(ranks, maps::MapKind::gather, at.my_sent, at.sent)](Request::State& state) {
        convert(at.my_sums, at.my_sent, lane);
        go_on(state, lane, gather->calls(at.my_sent, at.sent, lane, "a sum", tag->value(), widen));
      };
  convert(terms, at.sent, lane);
  const auto scatter = route(ranks, maps::MapKind::reduce_scatter, at.sent, at.my_sums);
  return make_request(*group.shared, lane,
                      scatter->calls(at.sent, at.my_sums, lane, "terms of a sum", tag->value(), hand_on));
}

/// The same, one after the other, by the device's message library.
Request enqueue_narrow(const Communicator& ranks, DeviceMessages::Group& device, const Tensor& sums,
                       const lanes::Lane& lane) {
  Communicator::Handle& group = ranks.handle();
  const lanes::Lane& there = device.lane();
  const Numbers at(group, sums, DType::bf16, there);
  return make_request(*group.shared, lane, device, "a sum in bf16", {sums}, [&] {
    convert(at.sums, at.sent, there);
    route(ranks, maps::MapKind::reduce_scatter, at.sent, at.my_sums)
        ->enqueue(device, at.sent, at.my_sums, lanes::Landing::add);
    convert(at.my_sums, at.my_sent, there);
    route(ranks, maps::MapKind::gather, at.my_sent, at.sent)
        ->enqueue(device, at.my_sent, at.sent, lanes::Landing::add);
    convert(at.sent, at.sums, there);
    group.workspaces.keep(at.memory, there);
  });
}

}  // namespace

Request start_sum(const Communicator& communicator, const Tensor& sums, DType sent, const lanes::Lane& lane) {
  if (sent == sums.dtype) return start_all_reduce(communicator, Reduction::sum, sums, sums, lane);
  HEDDLE_EXPECT(sums.dtype == DType::f32 && sent == DType::bf16 && sums.shape.rank() == 1);
  auto* device = communicator.handle().channels.all(lane);
  return device ? enqueue_narrow(communicator, *device, sums, lane)
                : start(communicator, sums, sums, sent, lane);
}

Request start_sum_by_messages(const Communicator& ranks, const Tensor& in, const Tensor& out,
                              const lanes::Lane& lane) {
  return start(ranks, in_a_row(in), in_a_row(out), in.dtype, lane);
}

}  // namespace heddle::comm
