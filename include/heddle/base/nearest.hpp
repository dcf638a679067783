// The name a person probably meant.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace heddle {

/// The candidate nearest to `word`, or "" when none is near enough to be a slip of the fingers.
std::string nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace heddle
