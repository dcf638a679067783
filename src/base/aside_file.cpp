#include "heddle/base/aside_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "heddle/base/error.hpp"

namespace heddle {
namespace {

[[noreturn]] void fail(ExitCode code, const std::string& problem) {
  throw Error(code, problem, std::strerror(errno));
}

/// The rename is safe only when the file's bytes, and then the folder's entry, are on the disk.
void bring_to_disk(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY);
  if (file < 0) fail(ExitCode::failure, path + ": cannot open it to sync");
  const int status = ::fsync(file);
  ::close(file);
  if (status != 0 && errno != EINVAL) fail(ExitCode::failure, path + ": cannot bring it to disk");
}

}  // namespace

AsideFile::AsideFile(const std::string& path) : path_(behind_links(path)), partial_(partial_name(path_)) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path_, ignored))
    throw Error(ExitCode::usage, path_ + ": cannot write here", "it is a directory", "name a file");
  if (is_stream(path_))
    throw Error(ExitCode::usage, path_ + ": cannot write here", "it is a pipe or a device", "name a file");
  const int file = ::open(partial_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (file < 0) fail(ExitCode::usage, path_ + ": cannot write here");
  struct stat before {};
  if (::stat(path_.c_str(), &before) == 0) ::fchmod(file, before.st_mode & 07777);
  ::close(file);
}

AsideFile::~AsideFile() {
  if (!committed_) ::unlink(partial_.c_str());
}

void AsideFile::commit() {
  bring_to_disk(partial_);
  if (std::rename(partial_.c_str(), path_.c_str()) != 0)
    fail(ExitCode::failure, path_ + ": cannot rename to it");
  committed_ = true;
  const auto folder = std::filesystem::path(path_).parent_path();
  bring_to_disk(folder.empty() ? "." : folder.string());
}

void AsideFile::commit(const std::string& text) {
  write_bytes(partial_, text, path_);
  commit();
}

void write_text(const std::string& path, const std::string& text) { AsideFile(path).commit(text); }

void make_folder_of(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path();
  if (folder.empty()) return;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw Error(ExitCode::usage, folder.string() + ": cannot make this folder", error.message());
}

}  // namespace heddle
