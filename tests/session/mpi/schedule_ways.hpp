// All schedules, each with the numbers of stages a rank in which it is tried.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "heddle/schedule/generate.hpp"

namespace heddle::tests {

struct ScheduleWay {
  std::string schedule;
  int chunks;
  /// Do gradients and loss sum up in the order of 1F1B, and on as many ranks? A V joins the ends of
  /// a tied table.
  bool sums_as_1f1b;

  /// Each stage has a layer. DualPipeV fills its V from both ends.
  bool fits(int ranks, int microbatches, int layers) const {
    return ranks * chunks <= layers && (schedule != "dualpipev" || microbatches >= 2 * ranks);
  }
};

inline std::vector<ScheduleWay> schedule_ways() {
  const auto is_one_of = [](std::string_view name, std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  std::vector<ScheduleWay> all;
  for (std::string_view name : schedule::names()) {
    const std::string word(name);
    if (is_one_of(name, {"zb-v", "v-half", "v-min", "dualpipev"}))
      all.push_back({word, 2, false});
    else if (is_one_of(name, {"looped-bfs", "interleaved", "interleaved-zb"}))
      all.insert(all.end(), {{word, 1, true}, {word, 2, true}, {word, 3, true}});
    else
      all.push_back({word, 1, true});
  }
  return all;
}

}  // namespace heddle::tests
