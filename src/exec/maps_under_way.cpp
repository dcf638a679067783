#include "heddle/exec/maps_under_way.hpp"

#include <algorithm>
#include <functional>

namespace heddle::exec {
namespace {

bool share_memory(const Tensor& a, const Tensor& b) {
  const auto* first = static_cast<const std::byte*>(a.data);
  const auto* second = static_cast<const std::byte*>(b.data);
  const std::less<> before;  // of pointers into different allocations too
  return before(first, second + b.bytes()) && before(second, first + a.bytes());
}

bool touch(std::span<const Tensor> tensors, const Tensor& memory) {
  return std::ranges::any_of(tensors, [&](const Tensor& tensor) { return share_memory(tensor, memory); });
}

/// Must what reads and writes this memory wait for the map?
bool touches(const MapsUnderWay::Map& map, std::span<const Tensor> reads, std::span<const Tensor> writes) {
  return touch(reads, map.out) || touch(writes, map.out) || touch(writes, map.in);
}

}  // namespace

void MapsUnderWay::add(Map map) { maps_.push_back(std::move(map)); }

void MapsUnderWay::wait(Map& map, Observer* observer) {
  if (map.request.done()) return;
  const Observed observed(observer, map.wait);
  comm::wait(map.request, {map.action});
}

/// A map that is done stays until a node touches its memory.
void MapsUnderWay::settle(std::span<const Tensor> reads, std::span<const Tensor> writes, Observer* observer) {
  const auto is_touched = [&](const Map& map) { return touches(map, reads, writes); };
  for (Map& map : maps_)
    if (is_touched(map)) {
      wait(map, observer);
    } else if (!map.request.done()) {
      const Observed observed(observer, map.wait);
      map.request.test();
    }
  std::erase_if(maps_, is_touched);
}

bool MapsUnderWay::touched(std::span<const Tensor> reads, std::span<const Tensor> writes) const {
  return std::ranges::any_of(maps_, [&](const Map& map) { return touches(map, reads, writes); });
}

void MapsUnderWay::finish(Observer* observer) {
  for (Map& map : maps_) wait(map, observer);
  maps_.clear();
}

}  // namespace heddle::exec
