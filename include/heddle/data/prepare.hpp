// `heddle prepare`: texts become a tokens file.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "heddle/io/vocabulary.hpp"

namespace heddle::data {

struct PrepareSettings {
  std::vector<std::string> texts;  ///< "-" is the standard input
  std::string tokens_file;
  io::TokenKind kind = io::TokenKind::byte;
  bool overwrite = false;  ///< whatever is there, but for a text
};

struct PrepareReport {
  std::int64_t tokens = 0;
  std::int64_t vocabulary = 0;
  std::int64_t source_bytes = 0;
  std::int64_t file_bytes = 0;
  std::vector<std::string> with_mark;  ///< texts whose byte-order mark was left out
  std::int64_t line_ends = 0;
  std::int64_t line_ends_with_return = 0;  ///< of these, after a carriage return, which is a token
};

/// Told of bytes that have been read, and of how many there are to read; 0 where nobody knows.
using PrepareProgress = std::function<void(std::int64_t done, std::int64_t of)>;

/// Joins the texts as they stand, and holds no more of them than a piece. Error(usage) for one
/// that cannot be read, is not UTF-8 where characters are asked for, or is the tokens file; if all are empty; and for a place that cannot
/// be written.
PrepareReport prepare(const PrepareSettings& settings, const PrepareProgress& progress = {});

}  // namespace heddle::data
