#include <algorithm>
#include <cctype>
#include <set>

#include "emulator/failure.hpp"
#include "emulator/ptx/module.hpp"
#include "emulator/ptx/text.hpp"

namespace heddle::emulator {
namespace {

std::vector<std::uint8_t> parse_initial(std::string list, std::int64_t bytes, std::int64_t size) {
  for (char& c : list)
    if (c == '{' || c == '}' || c == ',') c = ' ';
  std::vector<std::uint8_t> initial;
  for (const std::string& word : words(list)) {
    const auto value = literal(word);
    if (!value) fail("PTX that is no number where a variable begins: {}", word);
    for (std::int64_t i = 0; i < size; ++i) initial.push_back(static_cast<std::uint8_t>(*value >> (8 * i)));
  }
  initial.resize(static_cast<std::size_t>(bytes));
  return initial;
}

/// Cuts "[16]" off the name.
std::int64_t take_count(std::string& name) {
  const auto open = name.find('[');
  if (open == std::string::npos) return 1;
  const std::string inside = name.substr(open + 1);
  name = name.substr(0, open);
  return inside[0] == ']' ? 0 : std::stol(inside);
}

}  // namespace

Variable parse_variable(const std::string& text) {
  static const std::set<std::string> spaces = {".global", ".const", ".shared", ".local", ".param"};
  static const std::set<std::string> idle = {".weak", ".visible", ".common", ".align", ".ptr"};
  Variable v;
  std::string type;
  const auto equals = text.find('=');
  for (const std::string& word : words(text.substr(0, equals))) {
    if (word == ".extern")
      v.external = true;
    else if (spaces.contains(word))
      v.space = word.substr(1);
    else if (word[0] == '.')
      type = idle.contains(word) ? type : word.substr(1);
    else if (std::isdigit(static_cast<unsigned char>(word[0])))
      v.alignment = std::stol(word);
    else
      v.name = word;
  }
  const std::int64_t size = size_of_type(type);
  v.bytes = take_count(v.name) * size;
  v.alignment = std::max(v.alignment, size);
  if (equals != std::string::npos)
    v.initial = parse_initial(text.substr(equals + 1), v.bytes, size);
  else if (v.in_device_memory())
    v.initial.resize(static_cast<std::size_t>(v.bytes));
  return v;
}

std::vector<Variable> parse_variables(const std::string& list) {
  std::vector<Variable> all;
  for (const std::string& one : split(list, ',')) all.push_back(parse_variable(one));
  return all;
}

}  // namespace heddle::emulator
