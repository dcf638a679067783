#include "heddle/session/kept_checkpoints.hpp"

#include <algorithm>
#include <cmath>

namespace heddle::session {

std::vector<std::string> superfluous(std::span<const io::StoredCheckpoint> whole,
                                     const deck::Output& output) {
  if (output.keep == 0) return {};
  const auto evaluated = [](const io::StoredCheckpoint& one) {
    return one.header.validation_loss && std::isfinite(*one.header.validation_loss);
  };
  std::vector<double> losses;
  for (const io::StoredCheckpoint& one : whole)
    if (evaluated(one)) losses.push_back(*one.header.validation_loss);
  std::ranges::sort(losses);
  losses.resize(std::min(losses.size(), static_cast<std::size_t>(output.keep_best)));
  const auto best = [&](const io::StoredCheckpoint& one) {
    return evaluated(one) && !losses.empty() && *one.header.validation_loss <= losses.back();
  };
  std::vector<std::string> paths;
  for (const io::StoredCheckpoint& one :
       whole.subspan(std::min(whole.size(), static_cast<std::size_t>(output.keep))))
    if (!best(one)) paths.push_back(one.path);
  return paths;
}

}  // namespace heddle::session
