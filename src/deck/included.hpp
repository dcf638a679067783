// Files whose figures a deck takes as if they stood in it: machines, and what `heddle bench` measured.
#pragma once

#include <string>

#include "syntax.hpp"

namespace heddle::deck {

/// The text of a file that a deck names. Throws Mistake: `meaning` says what it should be, `fix` where
/// it comes from.
std::string included_text(const std::string& path, const std::string& meaning, const std::string& fix);

/// The [cost] that a measurement's JSON holds as its member "cost": numbers and lists of
/// numbers. Throws Mistake.
toml::table measured_costs(const std::string& path, const std::string& text);

}  // namespace heddle::deck
