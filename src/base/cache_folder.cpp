#include "heddle/base/cache_folder.hpp"

#include <cstdlib>
#include <filesystem>

namespace heddle {
namespace {

/// Empty values count as none, as the XDG specification has it.
std::filesystem::path environment(const char* variable) {
  const char* const value = std::getenv(variable);
  return value ? value : "";
}

}  // namespace

std::string cache_folder() {
  if (const auto own = environment("HEDDLE_CACHE"); !own.empty()) return own.string();
  if (const auto caches = environment("XDG_CACHE_HOME"); !caches.empty()) return (caches / "heddle").string();
  if (const auto home = environment("HOME"); !home.empty()) return (home / ".cache" / "heddle").string();
  return "";
}

}  // namespace heddle
