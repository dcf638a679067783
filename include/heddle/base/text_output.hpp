// The text that a command writes where somebody asked for it.
#pragma once

#include <optional>
#include <string>

#include "heddle/base/aside_file.hpp"

namespace heddle {

/// Written aside, or straight into what is no regular file; - is the standard output.
class TextOutput {
 public:
  /// Throws Error(usage) at once if nothing can be written there, or what is there may not be replaced.
  TextOutput(std::string path, const Replacing& replacing);
  /// Throws Error(failure) if it is not taken.
  void write(const std::string& text);

 private:
  std::string path_;
  std::optional<AsideFile> aside_;
};

}  // namespace heddle
