#include "exchanges.hpp"

#include <algorithm>
#include <utility>

#include "heddle/comm/apply.hpp"
#include "heddle/comm/collectives.hpp"
#include "sampling.hpp"

namespace heddle::bench {
namespace {

void wait_for(comm::Request request) {
  if (!request.done()) comm::wait(request, {"measuring messages"});
}

/// The same messages on memory of their own.
std::vector<Message> apart(const std::vector<Message>& messages, const lanes::Lane& lane,
                           std::vector<Scratch>& memory) {
  std::vector<Message> all;
  for (const Message& message : messages) {
    memory.emplace_back(message.tensor, lane);
    all.push_back({message.peer, message.label, memory.back().tensor});
  }
  return all;
}

}  // namespace

double map_seconds(const maps::Map& map, const comm::CartesianGrid& grid, const Tensor& in, const Tensor& out,
                   const lanes::Lane& lane) {
  const Scratch source(in, lane), target(out, lane);
  const Tensor& into = in.data == out.data && in.shape == out.shape ? source.tensor : target.tensor;
  return seconds_in_a_row(grid.group(map), lane,
                          [&] { wait_for(comm::start(map, grid, source.tensor, into, lane)); });
}

double sum_seconds(const comm::Communicator& ranks, const Tensor& like, DType sent, const lanes::Lane& lane) {
  const Scratch sum(like, lane);
  return seconds_in_a_row(ranks, lane, [&] { wait_for(start_sum(ranks, sum.tensor, sent, lane)); });
}

// All ranks go by who sends to whom: calls of a device's library may wait for each other, so they want one order.
void exchange(const comm::Communicator& ranks, const std::vector<Message>& sent,
              const std::vector<Message>& received, const lanes::Lane& lane) {
  struct Call {
    int from, to;
    const Message* message;
  };
  std::vector<Call> calls;
  for (const Message& message : received) calls.push_back({message.peer, ranks.rank(), &message});
  for (const Message& message : sent) calls.push_back({ranks.rank(), message.peer, &message});
  std::ranges::stable_sort(calls, {}, [](const Call& call) { return std::pair(call.from, call.to); });
  std::vector<comm::Request> requests;
  for (const auto& [from, to, message] : calls)
    requests.push_back(from == ranks.rank()
                           ? start_send(ranks, message->peer, message->label, message->tensor, lane)
                           : start_receive(ranks, message->peer, message->label, message->tensor, lane));
  for (comm::Request& request : requests) wait_for(std::move(request));
}

double exchange_seconds(const comm::Communicator& ranks, const std::vector<Message>& sent,
                        const std::vector<Message>& received, const lanes::Lane& lane) {
  std::vector<Scratch> memory;
  const std::vector<Message> out = apart(sent, lane, memory), in = apart(received, lane, memory);
  return seconds_in_a_row(ranks, lane, [&] { exchange(ranks, out, in, lane); });
}

}  // namespace heddle::bench
