// A file that is written aside and takes its name only when it is whole.
#pragma once

#include <string>

#include "heddle/base/output_path.hpp"

namespace heddle {

/// Somebody writes `partial()`; `commit` brings it to disk and renames it to `path`, or to what a link there leads to, replacing what was
/// there, whose permissions it takes over. A file that was not committed is removed. Only one rank may own the file's AsideFile.
class AsideFile {
 public:
  /// Throws Error(usage) at once if nothing can be written there.
  explicit AsideFile(const std::string& path);
  ~AsideFile();
  AsideFile(const AsideFile&) = delete;
  AsideFile& operator=(const AsideFile&) = delete;

  const std::string& path() const { return path_; }
  const std::string& partial() const { return partial_; }
  void commit();
  /// Writes `text` first. Throws Error(failure) if the disk does not take it.
  void commit(const std::string& text);

  static std::string partial_name(const std::string& path) { return behind_links(path) + ".partial"; }

 private:
  std::string path_, partial_;
  bool committed_ = false;
};

/// Throws as AsideFile does.
void write_text(const std::string& path, const std::string& text);

/// Makes the folder that `path` lies in, with those above it. Throws Error(usage) if that cannot be.
void make_folder_of(const std::string& path);

}  // namespace heddle
