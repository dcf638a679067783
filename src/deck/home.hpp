// ~ in the paths that a deck names, which no shell has seen.
#pragma once

#include <functional>

#include "codec.hpp"

namespace heddle::deck {

/// Puts the home of who runs this in the place of a leading ~ of every path; `refuse(key, mistake)` hears where there is none.
void expand_homes(Deck& deck, const std::function<void(Word key, const Mistake&)>& refuse);

}  // namespace heddle::deck
