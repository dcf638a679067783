// Pieces of PTX's text.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace heddle::emulator {

std::string trimmed(const std::string& text);
/// What stands between blanks.
std::vector<std::string> words(const std::string& text);
/// At a character that stands in no brackets.
std::vector<std::string> split(const std::string& text, char by);
/// "{a, b}", "(a, b)" or "a" as its parts.
std::vector<std::string> list_of(std::string text);
/// The bits of a number: 12, -1, 0x1fU, 0f3f800000, 0d3ff0000000000000.
std::optional<std::uint64_t> literal(const std::string& text);
/// Bytes of .b32, .f64, .pred ...
std::int64_t size_of_type(const std::string& type);

std::string without_comments(const std::string& text);

inline std::int64_t aligned(std::int64_t at, std::int64_t alignment) {
  return (at + alignment - 1) / alignment * alignment;
}

}  // namespace heddle::emulator
