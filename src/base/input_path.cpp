#include "heddle/base/input_path.hpp"

#include <filesystem>

namespace heddle {

std::string where_looked(const std::string& path) {
  const std::filesystem::path given(path);
  std::error_code none;
  const auto folder = std::filesystem::absolute(given, none).lexically_normal().parent_path();
  return "looked for in " + folder.string() +
         (given.is_relative() ? ", as relative paths start at the working folder" : "");
}

}  // namespace heddle
