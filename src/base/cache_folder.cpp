#include "heddle/base/cache_folder.hpp"

#include <filesystem>

#include "heddle/base/environment.hpp"

namespace heddle {

std::string cache_folder() {
  if (const auto own = environment("HEDDLE_CACHE"); !own.empty()) return own;
  if (const auto caches = environment("XDG_CACHE_HOME"); !caches.empty())
    return std::filesystem::path(caches) / "heddle";
  if (const auto home = environment("HOME"); !home.empty())
    return std::filesystem::path(home) / ".cache" / "heddle";
  return "";
}

}  // namespace heddle
