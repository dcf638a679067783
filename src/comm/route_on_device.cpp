// A route by the message library of a device, which moves numbers in a row: other segments are packed before and landed after.
#include <algorithm>

#include "communicator_handle.hpp"
#include "route.hpp"

namespace heddle::comm {

void Exchange::Route::enqueue(DeviceMessages::Group& group, const Tensor& in, const Tensor& out,
                              lanes::Landing join) {
  HEDDLE_EXPECT(in.shape == source_ && out.shape == target_ && in.dtype == dtype_);
  const lanes::Lane& lane = group.lane();
  const bool direct = !adds_ && out.dtype == dtype_ &&
                      std::ranges::all_of(arrivals(false).receives,
                                          [](const Message& message) { return message.segment.in_a_row(); });
  const Arrivals& how = arrivals(!direct);
  const Packed& rest = packed();
  const std::int64_t size = size_of(dtype_), before_arrivals = maps::behind(rest.elements * size);
  const lanes::Memory workspace =
      group_.workspaces.take(before_arrivals + maps::behind(how.elements * size) + bytes_of_sums(out), lane);
  char* const begin = static_cast<char*>(workspace.data());
  char* const arrived = direct ? static_cast<char*>(out.data) : begin + before_arrivals;

  if (!adds_ && !covered_) lane.fill(out, 0);
  if (rest.elements > 0) lane.land(rest.runs, {dtype_, dtype_}, in.data, begin, lanes::Landing::replace);
  std::vector<DeviceMessages::Message> sends, receives;
  char* next = begin;
  for (const auto& [peer, elements, segment] : sends_) {
    const bool lies = segment.in_a_row();
    sends.push_back({peer, {lies ? segment.in(in.data) : next, dtype_, {elements}}});
    if (!lies) next += elements * size;
  }
  for (const auto& [peer, elements, segment] : how.receives)
    receives.push_back({peer, {segment.in(arrived), dtype_, {elements}}});
  group.exchange(sends, receives);
  land_all(how, in, arrived, out, join, lane);
  group_.workspaces.keep(workspace, lane);
}

}  // namespace heddle::comm
