// Unicode text as code points, and back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace heddle::data {

/// How many there are, those of surrogates among them.
inline constexpr std::uint32_t code_points = 0x110000;

/// Takes the first code point off `text`. `offset` is where `text` stands in its file, for the error that
/// refuses invalid UTF-8 (Unicode 15, table 3-7: no surrogates, no overlong forms, nothing above U+10FFFF).
std::uint32_t next_code_point(std::string_view& text, std::int64_t offset, std::string_view source);

/// Bytes at the end of `text` that may begin a code point whose other bytes follow: 0 to 3.
std::size_t unfinished_bytes(std::string_view text);

void append_utf8(std::string& text, std::uint32_t code_point);

}  // namespace heddle::data
