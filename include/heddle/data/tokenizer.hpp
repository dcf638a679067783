// Text to token ids and back: bytes, or Unicode characters numbered in ascending order as
// nanoGPT's shakespeare_char does.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "heddle/io/vocabulary.hpp"

namespace heddle::data {

class Tokenizer {
 public:
  explicit Tokenizer(io::Vocabulary vocabulary);
  /// The tokenizer that can encode `text`. Error(usage) naming `source` and the offset for invalid UTF-8.
  static Tokenizer for_text(io::TokenKind kind, std::string_view text, const std::string& source);

  const io::Vocabulary& vocabulary() const { return vocabulary_; }

  /// Error(usage) for invalid UTF-8 and for a character that the vocabulary lacks, with its offset.
  std::vector<std::int32_t> encode(std::string_view text) const;
  /// Ids outside the vocabulary, which a padded head may produce, become U+FFFD.
  std::string decode(std::span<const std::int32_t> ids) const;

 private:
  io::Vocabulary vocabulary_;
  std::unordered_map<std::uint32_t, std::int32_t> ids_;
};

}  // namespace heddle::data
