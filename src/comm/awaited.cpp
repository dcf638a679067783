#include "awaited.hpp"

#include <utility>

namespace heddle::comm {

void Awaited::add(const lanes::Mark& mark, Waiting what) {
  oldest();
  all_.push_back({mark, std::move(what)});
}

std::optional<Waiting> Awaited::oldest() {
  while (!all_.empty() && all_.front().mark.passed()) all_.pop_front();
  return all_.empty() ? std::nullopt : std::optional(all_.front().what);
}

}  // namespace heddle::comm
