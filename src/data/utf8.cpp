#include "heddle/data/utf8.hpp"

#include <fmt/format.h>

#include "heddle/base/error.hpp"

namespace heddle::data {
namespace {

/// Bytes that the code point starting with `lead` takes; 0 for a byte that starts none.
int length_of(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;
  if (lead < 0xE0) return 2;
  if (lead < 0xF0) return 3;
  return lead < 0xF5 ? 4 : 0;
}

bool is_code_point(std::uint32_t value, int length) {
  constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  return value >= smallest[length] && value < code_points && !(value >= 0xD800 && value <= 0xDFFF);
}

}  // namespace

std::uint32_t next_code_point(std::string_view& text, std::int64_t offset, std::string_view source) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const int length = length_of(lead);
  bool valid = length > 0 && static_cast<std::size_t>(length) <= text.size();
  std::uint32_t value = length == 1 ? lead : lead & (0x7Fu >> length);
  for (int i = 1; valid && i < length; ++i) {
    const auto byte = static_cast<unsigned char>(text[static_cast<std::size_t>(i)]);
    valid = (byte & 0xC0) == 0x80;
    value = value << 6 | (byte & 0x3Fu);
  }
  if (!valid || !is_code_point(value, length))
    throw Error(ExitCode::usage, fmt::format("{}: invalid UTF-8 at byte {}", source, offset),
                fmt::format("the sequence that starts with 0x{:02X} is no character", lead),
                "convert the text to UTF-8, or take the byte tokenizer");
  text.remove_prefix(static_cast<std::size_t>(length));
  return value;
}

std::size_t unfinished_bytes(std::string_view text) {
  constexpr std::size_t longest = 4;
  for (std::size_t count = 1; count < longest && count <= text.size(); ++count) {
    const auto byte = static_cast<unsigned char>(text[text.size() - count]);
    if ((byte & 0xC0) != 0x80) return static_cast<std::size_t>(length_of(byte)) > count ? count : 0;
  }
  return 0;
}

void append_utf8(std::string& text, std::uint32_t c) {
  const auto tail = [&](int shift) { text += static_cast<char>(0x80 | (c >> shift & 0x3F)); };
  if (c < 0x80) {
    text += static_cast<char>(c);
  } else if (c < 0x800) {
    text += static_cast<char>(0xC0 | c >> 6), tail(0);
  } else if (c < 0x10000) {
    text += static_cast<char>(0xE0 | c >> 12), tail(6), tail(0);
  } else {
    text += static_cast<char>(0xF0 | c >> 18), tail(12), tail(6), tail(0);
  }
}

}  // namespace heddle::data
