#include "heddle/schedule/dynamic.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "heddle/schedule/communication.hpp"
#include "heddle/schedule/slots.hpp"
#include "heddle/schedule/zb_hand_made.hpp"

namespace heddle::schedule {
namespace {

/// The most microbatches that any stage may hold from F to W.
int peak(const Schedule& lowered, int window) {
  int most = 0;
  for (const Stage stage : first<Stage>(lowered.stages())) {
    const BufferClass frame{{{stage, ActionKind::forward}}, {{stage, ActionKind::backward_weight}}};
    const Row& row = lowered.rows[lowered.rank_of_stage[stage]];
    const auto alive = lives(row, frame, default_lookahead, default_channel_capacity, window);
    most = std::max(most, assign_slots(alive).count);
  }
  return most;
}

}  // namespace

Schedule dynamic(const Request& request) {
  Schedule schedule = zb_h1(request.ranks, request.microbatches);
  schedule.window = request.window;
  if (request.memory_limit == 0) return schedule;
  const Schedule lowered = add_communication(schedule);
  int fits = 0, exceeds = request.window + 1;
  while (exceeds - fits > 1) {
    const int middle = (fits + exceeds) / 2;
    (peak(lowered, middle) <= request.memory_limit ? fits : exceeds) = middle;
  }
  schedule.window = fits;
  if (fits == 0)
    throw BadRequest("memory_limit",
                     fmt::format("pipeline.memory_limit = {} is too little for \"dynamic\" on {} ranks",
                                 request.memory_limit, request.ranks),
                     "its rows are those of zb-h1, which hold more",
                     fmt::format("try pipeline.memory_limit = {}", peak(lowered, 1)));
  return schedule;
}

}  // namespace heddle::schedule
