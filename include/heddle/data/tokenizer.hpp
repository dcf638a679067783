// Text to token ids and back: bytes, or Unicode characters numbered in ascending order as
// nanoGPT's shakespeare_char does.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "heddle/data/text_source.hpp"
#include "heddle/data/utf8.hpp"
#include "heddle/io/vocabulary.hpp"

namespace heddle::data {

/// What a vocabulary must hold, found piece by piece.
class VocabularyFinder {
 public:
  explicit VocabularyFinder(io::TokenKind kind) : kind_(kind) {}
  /// Error(usage) naming text and offset for invalid UTF-8 where characters are asked for.
  void add(const TextPiece& text);
  io::Vocabulary vocabulary() const;

 private:
  io::TokenKind kind_;
  std::vector<bool> seen_ = std::vector<bool>(code_points);
};

class Tokenizer {
 public:
  explicit Tokenizer(io::Vocabulary vocabulary);

  const io::Vocabulary& vocabulary() const { return vocabulary_; }

  /// Error(usage) for invalid UTF-8 and for a character that the vocabulary lacks, with its offset.
  std::vector<std::int32_t> encode(const TextPiece& text) const;
  /// Ids outside the vocabulary, which a padded head may produce, become U+FFFD.
  std::string decode(std::span<const std::int32_t> ids) const;

 private:
  io::Vocabulary vocabulary_;
  std::unordered_map<std::uint32_t, std::int32_t> ids_;
};

}  // namespace heddle::data
