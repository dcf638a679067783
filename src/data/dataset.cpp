#include "heddle/data/dataset.hpp"

#include <fmt/format.h>

#include "heddle/base/error.hpp"

namespace heddle::data {

Dataset::Dataset(const std::string& path, double held_out, std::int64_t sequence)
    : file_(path), sequence_(sequence) {
  HEDDLE_EXPECT(held_out >= 0 && held_out < 1 && sequence > 0);
  const std::int64_t length = file_.length();
  const auto cut = static_cast<std::int64_t>(static_cast<double>(length) * (1 - held_out));
  train_ = {0, cut};
  held_out_ = {cut, length};
  demand_room(train_, "to train on");
  if (held_out > 0) demand_room(held_out_, "held out");
}

void Dataset::demand_room(const Part& part, const char* what) const {
  if (part.length() > sequence_) return;
  throw Error(
      ExitCode::usage,
      fmt::format("{}: {} of its {} tokens are {}", file_.path(), part.length(), file_.length(), what),
      fmt::format("one window takes train.sequence + 1 = {} tokens", sequence_ + 1),
      "take a longer text, a shorter train.sequence, or another data.held_out");
}

Batch Dataset::read(std::span<const std::int64_t> starts) const {
  const auto length = static_cast<std::size_t>(sequence_);
  std::vector<std::int32_t> window(length + 1);
  Batch batch;
  batch.inputs.reserve(starts.size() * length);
  batch.targets.reserve(starts.size() * length);
  for (auto start : starts) {
    file_.read(start, window);
    batch.inputs.insert(batch.inputs.end(), window.begin(), window.end() - 1);
    batch.targets.insert(batch.targets.end(), window.begin() + 1, window.end());
  }
  return batch;
}

}  // namespace heddle::data
