// Where what one run has found out is kept for the next.
#pragma once

#include <string>

namespace heddle {

/// $HEDDLE_CACHE, else heddle in $XDG_CACHE_HOME, else .cache/heddle in $HOME; empty where none of them is set. It may not
/// be there yet.
std::string cache_folder();

}  // namespace heddle
