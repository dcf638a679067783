#include "heddle/base/output_path.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "heddle/base/error.hpp"

namespace heddle {
namespace {

namespace fs = std::filesystem;

/// A mark stands at the begin of a text, or among the first attributes of an HDF5 file.
bool bears(const std::string& path, std::string_view mark) {
  if (mark.empty()) return false;
  std::string head(1 << 16, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(head.data(), std::ssize(head));
  return std::string_view(head).substr(0, static_cast<std::size_t>(file.gcount())).find(mark) !=
         std::string_view::npos;
}

}  // namespace

std::string behind_links(const std::string& path) {
  constexpr int most = 40;  // as Linux follows
  fs::path place = path;
  std::error_code none;
  for (int i = 0; i < most && fs::is_symlink(place, none); ++i)
    place = place.parent_path() / fs::read_symlink(place, none);
  return place.string();
}

bool is_stream(const std::string& path) {
  std::error_code none;
  const fs::file_status status = fs::status(path, none);
  return fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status);
}

void demand_replaceable(const std::string& path, const Replacing& replacing) {
  std::error_code none;
  if (replacing.overwrite || !fs::is_regular_file(path, none) || fs::is_empty(path, none)) return;
  if (bears(path, replacing.mark)) return;
  throw Error(ExitCode::usage, path + ": this file is there already",
              replacing.mark.empty() ? "it does not tell who wrote it" : "it is not of this command's making",
              "name another, or add --overwrite");
}

void write_bytes(const std::string& place, std::string_view bytes, const std::string& path) {
  std::ofstream stream(place, std::ios::binary);
  stream << bytes;
  stream.close();
  if (!stream) throw Error(ExitCode::failure, path + ": cannot write it", std::strerror(errno));
}

}  // namespace heddle
