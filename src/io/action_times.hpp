// What a run's actions took in all: kept of every step, whichever steps' events are.
#pragma once

#include <array>
#include <map>
#include <span>
#include <vector>

#include "heddle/io/run_rows.hpp"

namespace heddle::io {

class ActionTimes {
 public:
  explicit ActionTimes(int ranks) : ranks_(static_cast<std::size_t>(ranks)) {}

  void add(std::span<const std::vector<EventRow>> ranks);
  /// A row for each kind of each rank, rank by rank, so that there are always as many.
  std::vector<ActionTime> rows() const;
  StepTimes steps() const;

 private:
  struct Time {
    std::int64_t actions = 0;
    double seconds = 0;
  };
  struct Span {
    double begin, end;
  };
  static void add(StepTimes& steps, const Span& span);

  std::vector<std::array<Time, schedule::action_kind_count>> ranks_;
  StepTimes past_;
  std::map<std::int64_t, Span> newest_;  ///< steps of which more may come
};

}  // namespace heddle::io
