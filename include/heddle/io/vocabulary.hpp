// What a token id means, as files keep it: enough to turn text into ids and back without any other file.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace heddle::io {

enum class TokenKind : std::uint8_t {
  byte,       ///< ids 0..255 are the bytes of the text
  character,  ///< an id is the place of a Unicode code point in a sorted table
};

constexpr std::string_view name(TokenKind kind) { return kind == TokenKind::byte ? "byte" : "char"; }
constexpr std::optional<TokenKind> token_kind(std::string_view word) {
  if (word == "byte") return TokenKind::byte;
  if (word == "char") return TokenKind::character;
  return std::nullopt;
}

struct Vocabulary {
  TokenKind kind = TokenKind::byte;
  std::int64_t size = 256;
  std::vector<std::uint32_t> characters;  ///< code points by id, ascending; empty for bytes

  friend bool operator==(const Vocabulary&, const Vocabulary&) = default;
};

}  // namespace heddle::io
