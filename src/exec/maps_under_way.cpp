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

bool touches(std::span<const Tensor> tensors, const Tensor& memory) {
  return std::ranges::any_of(tensors, [&](const Tensor& tensor) { return share_memory(tensor, memory); });
}

}  // namespace

void MapsUnderWay::add(Map map) { maps_.push_back(std::move(map)); }

void MapsUnderWay::wait(Map& map, Observer* observer) {
  const Observed observed(observer, map.wait);
  comm::wait(map.request, {map.action});
}

void MapsUnderWay::settle(std::span<const Tensor> reads, std::span<const Tensor> writes, Observer* observer) {
  for (Map& map : maps_)
    if (touches(reads, map.out) || touches(writes, map.out) || touches(writes, map.in)) {
      wait(map, observer);
    } else {
      const Observed observed(observer, map.wait);
      map.request.test();
    }
  std::erase_if(maps_, [](const Map& map) { return map.request.done(); });
}

void MapsUnderWay::finish(Observer* observer) {
  for (Map& map : maps_) wait(map, observer);
  maps_.clear();
}

}  // namespace heddle::exec
