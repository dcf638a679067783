#include "emulator/ptx/text.hpp"

#include <cctype>
#include <sstream>
#include <string_view>

#include "emulator/failure.hpp"

namespace heddle::emulator {

std::string trimmed(const std::string& text) {
  constexpr const char* blanks = " \t\n\r";
  const auto begin = text.find_first_not_of(blanks);
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

std::vector<std::string> words(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> all;
  for (std::string word; stream >> word;) all.push_back(word);
  return all;
}

std::vector<std::string> split(const std::string& text, char by) {
  std::vector<std::string> all;
  std::string one;
  int depth = 0;
  for (const char c : text) {
    if (c == '{' || c == '[' || c == '(') ++depth;
    if (c == '}' || c == ']' || c == ')') --depth;
    if (c != by || depth > 0) {
      one += c;
      continue;
    }
    all.push_back(trimmed(one));
    one.clear();
  }
  if (!trimmed(one).empty()) all.push_back(trimmed(one));
  return all;
}

std::vector<std::string> list_of(std::string text) {
  if (text.front() == '{' || text.front() == '(') text = text.substr(1, text.size() - 2);
  return split(text, ',');
}

std::optional<std::uint64_t> literal(const std::string& text) {
  constexpr std::string_view of_floats = "fFdD";
  if (text.size() > 2 && text[0] == '0' && of_floats.find(text[1]) != std::string_view::npos)
    return std::stoull(text.substr(2), nullptr, 16);
  if (text[0] == '-') return static_cast<std::uint64_t>(std::stoll(text, nullptr, 0));
  if (std::isdigit(static_cast<unsigned char>(text[0]))) return std::stoull(text, nullptr, 0);
  return {};
}

std::int64_t size_of_type(const std::string& type) {
  if (type == "pred") return 4;
  const auto digits = type.find_first_of("0123456789");
  if (digits == std::string::npos) fail("PTX of an unknown type: {}", type);
  return std::stol(type.substr(digits)) / 8;
}

std::string without_comments(const std::string& text) {
  std::string rest;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 2, "//") == 0) {
      i = text.find('\n', i);
      if (i == std::string::npos) break;
    } else if (text.compare(i, 2, "/*") == 0) {
      i = text.find("*/", i) + 1;
      continue;
    }
    rest += text[i];
  }
  return rest;
}

}  // namespace heddle::emulator
