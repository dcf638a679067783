#include "awaited.hpp"

#include <utility>

namespace heddle::comm {

void Awaited::add(const lanes::Mark& mark, Waiting what) {
  drop_passed();
  all_.push_back({mark, std::move(what)});
}

std::optional<Waiting> Awaited::oldest() {
  drop_passed();
  return all_.empty() ? std::nullopt : std::optional(all_.front().what);
}

void Awaited::drop_passed() {
  while (!all_.empty() && all_.front().mark.passed()) all_.pop_front();
}

}  // namespace heddle::comm
