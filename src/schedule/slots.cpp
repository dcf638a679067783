// Lifetimes of buffers in a row, and their colouring.
#include "heddle/schedule/slots.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "heddle/base/error.hpp"

namespace heddle::schedule {
namespace {

bool does_one_of(const Action& action, const std::set<Task>& tasks) {
  return std::ranges::any_of(tasks, [&](const Task& task) { return task.done_by(action); });
}

/// Where in the row a send has surely left: sends leave in their order, and no more than `capacity`
/// are under way.
std::int64_t departure(const Row& row, std::int64_t send, int capacity) {
  const auto end = static_cast<std::int64_t>(row.size());
  for (std::int64_t at = send + 1; at < end; ++at)
    if (row[at].kind == row[send].kind && row[at].stage == row[send].stage && --capacity == 0) return at;
  return end - 1;
}

void set_slot(Slots& slots, int microbatch, int slice, int slot) {
  if (microbatch >= static_cast<int>(slots.slot.size())) slots.slot.resize(microbatch + 1);
  auto& slices = slots.slot[microbatch];
  if (slice >= static_cast<int>(slices.size())) slices.resize(slice + 1, -1);
  slices[slice] = slot;
  slots.count = std::max(slots.count, slot + 1);
}

}  // namespace

bool Task::done_by(const Action& action) const {
  const bool part = kind == ActionKind::backward_input || kind == ActionKind::backward_weight;
  return action.stage == stage && (action.kind == kind || (part && action.kind == ActionKind::backward));
}

std::vector<BufferLife> lives(const Row& row, const BufferClass& buffers, int lookahead, int channel_capacity,
                              int window) {
  HEDDLE_EXPECT(lookahead >= 1 && channel_capacity >= 1 && window >= 1);
  std::map<std::pair<int, int>, BufferLife> by_microbatch;
  std::vector<std::int64_t>
      receives;  // the interpreter posts one as soon as the `lookahead`-th before it is finished
  for (std::int64_t at = 0; at < static_cast<std::int64_t>(row.size()); ++at) {
    const Action& action = row[at];
    std::int64_t begin = at;
    if (is_receive(action.kind)) {
      const auto before = static_cast<std::int64_t>(receives.size()) - lookahead;
      if (before < 0)
        begin = 0;
      else
        begin = receives[before] + (window == 1 ? 1 : 0);  // it may be done while actions before it are not
      receives.push_back(at);
    }
    begin = std::max<std::int64_t>(begin - (window - 1), 0);
    const std::pair key{action.microbatch, action.slice};
    if (does_one_of(action, buffers.first))
      by_microbatch.try_emplace(key, BufferLife{begin, -1, action.microbatch, action.slice});
    const auto life = by_microbatch.find(key);
    if (life != by_microbatch.end() && does_one_of(action, buffers.last))
      life->second.end =
          std::max(life->second.end, is_send(action.kind) ? departure(row, at, channel_capacity) : at);
  }

  std::vector<BufferLife> result;
  for (const auto& [key, life] : by_microbatch)
    if (life.end >= life.begin) result.push_back(life);
  std::ranges::stable_sort(result, {}, &BufferLife::begin);
  return result;
}

int Slots::of(int microbatch, int slice) const {
  if (microbatch < 0 || microbatch >= static_cast<int>(slot.size())) return -1;
  const auto& slices = slot[microbatch];
  return slice < static_cast<int>(slices.size()) ? slices[slice] : -1;
}

Slots assign_slots(const std::vector<BufferLife>& lives) {
  Slots slots;
  std::vector<std::int64_t> busy_until;  // by slot
  for (const BufferLife& life : lives) {
    const auto free = std::ranges::find_if(busy_until, [&](std::int64_t end) { return end < life.begin; });
    set_slot(slots, life.microbatch, life.slice, static_cast<int>(free - busy_until.begin()));
    if (free == busy_until.end())
      busy_until.push_back(life.end);
    else
      *free = life.end;
  }
  return slots;
}

}  // namespace heddle::schedule
