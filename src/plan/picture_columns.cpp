#include "picture_columns.hpp"

#include <utility>

namespace heddle::plan {
namespace {

constexpr double narrow = 4, column = 20;  // pixels

void add_one_by_one(std::vector<Stretch>& all, std::size_t first, std::size_t end) {
  for (; first < end; ++first) all.push_back({first, first + 1});
}

}  // namespace

std::vector<Stretch> stretches(const std::vector<schedule::Event>& events, double pixels) {
  std::vector<Stretch> all;
  std::size_t first = 0;  // of those that may become a column
  for (std::size_t i = 0; i < events.size(); ++i) {
    const auto wide = [&](double begin) { return (events[i].end - begin) * pixels; };
    const double gap = first < i ? (events[i].begin - events[i - 1].end) * pixels : 0;
    if (wide(events[i].begin) >= narrow || gap >= narrow) add_one_by_one(all, std::exchange(first, i), i);
    if (wide(events[i].begin) >= narrow) {
      all.push_back({i, i + 1});
      first = i + 1;
    } else if (wide(events[first].begin) >= column) {
      all.push_back({first, i + 1});
      first = i + 1;
    }
  }
  add_one_by_one(all, first, events.size());
  return all;
}

}  // namespace heddle::plan
