// Which steps of a run have their events in its file: so many that their bytes stay within a bound.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "heddle/io/run_file.hpp"

namespace heddle::io {

/// A row in the file, without gaps: run_format::event_row.
inline constexpr std::int64_t event_row_bytes = 31;

class KeptEvents {
 public:
  explicit KeptEvents(EventBound bound) : bound_(bound) {}

  /// Of the rows of every rank, those of the steps that are kept.
  std::vector<std::vector<EventRow>> choose(std::span<const std::vector<EventRow>> ranks);

 private:
  bool keeps(std::int64_t step, std::int64_t bytes) const;

  EventBound bound_;
  std::int64_t taken_ = 0;               ///< bytes
  std::map<std::int64_t, bool> chosen_;  ///< of the newest steps, more rows of which may come
};

}  // namespace heddle::io
