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
  for (int stage = 0; stage < lowered.stages(); ++stage) {
    const BufferClass frame{{{stage, ActionKind::forward}}, {{stage, ActionKind::backward_weight}}};
    const auto alive = lives(lowered.rows[stage], frame, default_lookahead, default_channel_capacity, window);
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
  while (schedule.window > 1 && peak(lowered, schedule.window) > request.memory_limit) --schedule.window;
  const int least = peak(lowered, schedule.window);
  if (least > request.memory_limit)
    throw BadRequest("memory_limit",
                     fmt::format("pipeline.memory_limit = {} is too little for \"dynamic\" on {} ranks",
                                 request.memory_limit, request.ranks),
                     "its rows are those of zb-h1, which hold more", fmt::format("try {}", least));
  return schedule;
}

}  // namespace heddle::schedule
