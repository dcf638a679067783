#include "heddle/session/kept_checkpoints.hpp"

#include <algorithm>
#include <limits>

namespace heddle::session {

std::vector<std::string> superfluous(std::span<const io::StoredCheckpoint> whole,
                                     const deck::Output& output) {
  if (output.keep == 0) return {};
  const auto newest = std::min(whole.size(), static_cast<std::size_t>(output.keep));
  std::vector<io::StoredCheckpoint> older(whole.begin() + static_cast<std::ptrdiff_t>(newest), whole.end());
  const auto loss = [](const io::StoredCheckpoint& one) {
    return one.header.validation_loss.value_or(std::numeric_limits<double>::infinity());
  };
  std::vector<double> losses;
  for (const io::StoredCheckpoint& one : whole) losses.push_back(loss(one));
  std::ranges::sort(losses);
  const auto best = std::min(losses.size(), static_cast<std::size_t>(output.keep_best));
  const double worst_of_the_best = best > 0 ? losses[best - 1] : -std::numeric_limits<double>::infinity();
  std::vector<std::string> paths;
  for (const io::StoredCheckpoint& one : older)
    if (!one.header.validation_loss || loss(one) > worst_of_the_best) paths.push_back(one.path);
  return paths;
}

}  // namespace heddle::session
