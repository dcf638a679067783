#include "heddle/schedule/phases.hpp"

#include <algorithm>

#include "heddle/base/error.hpp"

namespace heddle::schedule {
namespace {

/// `backward(row, index)` appends what is done for a backward.
template <class F>
Row phases(const Turns& forwards, std::size_t warm_up, F&& backward) {
  Row row;
  const auto forward = [&](std::size_t index) {
    row.push_back({ActionKind::forward, forwards[index].stage, forwards[index].microbatch});
  };
  const std::size_t ahead = std::min(warm_up, forwards.size());
  for (std::size_t index = 0; index < ahead; ++index) forward(index);
  for (std::size_t index = 0; index < forwards.size(); ++index) {
    if (index + ahead < forwards.size()) forward(index + ahead);
    backward(row, index);
  }
  return row;
}

}  // namespace

Turns turns_of(Stage stage, int microbatches) {
  Turns turns;
  for (int microbatch = 0; microbatch < microbatches; ++microbatch) turns.push_back({stage, microbatch});
  return turns;
}

Row in_phases(const Turns& forwards, const Turns& backwards, int warm_up) {
  HEDDLE_EXPECT(warm_up >= 0 && forwards.size() == backwards.size());
  return phases(forwards, warm_up, [&](Row& row, std::size_t index) {
    row.push_back({ActionKind::backward, backwards[index].stage, backwards[index].microbatch});
  });
}

Row in_split_phases(const Turns& forwards, const Turns& backwards, int warm_up, int lag) {
  HEDDLE_EXPECT(warm_up >= 0 && lag >= 0 && forwards.size() == backwards.size());
  std::size_t weighed = 0;
  const auto weigh = [&](Row& row) {
    row.push_back({ActionKind::backward_weight, backwards[weighed].stage, backwards[weighed].microbatch});
    ++weighed;
  };
  Row row = phases(forwards, warm_up, [&](Row& out, std::size_t index) {
    out.push_back({ActionKind::backward_input, backwards[index].stage, backwards[index].microbatch});
    if (index >= static_cast<std::size_t>(lag)) weigh(out);
  });
  while (weighed < backwards.size()) weigh(row);
  return row;
}

}  // namespace heddle::schedule
