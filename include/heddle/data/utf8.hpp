// Unicode text as code points, and back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace heddle::data {

/// Takes the first code point off `text`. `offset` is where `text` stands in its file, for the error that
/// refuses invalid UTF-8 (Unicode 15, table 3-7: no surrogates, no overlong forms, nothing above U+10FFFF).
std::uint32_t next_code_point(std::string_view& text, std::int64_t offset, const std::string& source);

void append_utf8(std::string& text, std::uint32_t code_point);

}  // namespace heddle::data
