// `heddle prepare`: a text file becomes a tokens file.
#pragma once

#include <cstdint>
#include <string>

#include "heddle/io/vocabulary.hpp"

namespace heddle::data {

struct PrepareReport {
  std::int64_t tokens = 0;
  std::int64_t vocabulary = 0;
  std::int64_t source_bytes = 0;
  std::int64_t file_bytes = 0;
};

/// Error(usage) for a text that is missing, empty or not UTF-8 where characters are asked for, and for a
/// place that cannot be written.
PrepareReport prepare(const std::string& text_file, const std::string& tokens_file, io::TokenKind kind);

}  // namespace heddle::data
