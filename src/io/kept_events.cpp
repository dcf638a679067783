#include "kept_events.hpp"

#include <algorithm>
#include <iterator>

#include "newest_steps.hpp"

namespace heddle::io {

bool KeptEvents::keeps(std::int64_t step, std::int64_t bytes) const {
  const std::int64_t left = bound_.bytes - taken_;
  if (bytes > left) return false;
  if (taken_ + bytes <= bound_.bytes / 2) return true;
  const std::int64_t fit = left / bytes, to_come = std::max<std::int64_t>(bound_.steps - step + 1, 1);
  std::int64_t each = 1;
  while ((to_come + each - 1) / each > fit) each *= 2;
  return step % each == 0;
}

std::vector<std::vector<EventRow>> KeptEvents::choose(std::span<const std::vector<EventRow>> ranks) {
  std::map<std::int64_t, std::int64_t> bytes_of;  // of each step
  for (const auto& rows : ranks)
    for (const EventRow& row : rows) bytes_of[row.step] += event_row_bytes;
  for (const auto& [step, bytes] : bytes_of) {
    const auto [chosen, is_new] = chosen_.try_emplace(step, false);
    if (is_new) chosen->second = keeps(step, bytes);
    if (chosen->second) taken_ += bytes;
  }
  std::vector<std::vector<EventRow>> kept;
  for (const auto& rows : ranks)
    std::ranges::copy_if(rows, std::back_inserter(kept.emplace_back()),
                         [&](const EventRow& row) { return chosen_.at(row.step); });
  settle_older(chosen_, [](bool) {});
  return kept;
}

}  // namespace heddle::io
