// Events of a step may still come while the next one's do: what is known of a step settles two steps later.
#pragma once

#include <cstdint>
#include <map>

namespace heddle::io {

/// Hands on, and forgets, what belongs to all steps but the newest two.
template <class Value, class Settle>
void settle_older(std::map<std::int64_t, Value>& newest, Settle&& settle) {
  constexpr std::size_t unsettled = 2;
  for (; newest.size() > unsettled; newest.erase(newest.begin())) settle(newest.begin()->second);
}

}  // namespace heddle::io
