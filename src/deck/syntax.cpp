// toml++ does the parsing; here its messages gain a reason and a fix, and texts that are no decks
// are turned away.
#include "syntax.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace heddle::deck {
namespace {

struct Hint {
  std::string_view sign, why, fix;  ///< for parser messages that hold `sign`
};
constexpr Hint hints[] = {
    {"not representable in 64 bits", "an integer ends at 9223372036854775807", "give a smaller number"},
    {"cannot redefine", "a key or section may stand only once", "remove one of the two"},
    {"could not determine value type", "a value is a number, true, false, a list or a string",
     "write strings in quotes"},
    {"utf-8", "a deck is a text file in UTF-8", "give a text file"},
    {"expected keys, tables", "a line is a [section], a key = value, or a # comment",
     "write it as one of these"},
    {"could not be interpreted", "a float ends at 1.8e308", "give a smaller number"},
    {"leading zeroes", "TOML forbids them", "leave them out"},
    {"expected '='", "a line is key = value", "put = between them"},
    {"end-of-file", "the text ends too early", "complete the line"},
    {"control characters", "a string ends on its own line and holds no such bytes",
     "close or clean the string"},
};

[[noreturn]] void refuse(const toml::parse_error& error) {
  std::string problem(error.description());
  constexpr std::string_view opening = "Error while parsing ";
  if (problem.starts_with(opening)) problem = "cannot parse " + problem.substr(opening.size());
  for (const auto& hint : hints)
    if (problem.find(hint.sign) != std::string::npos)
      throw SyntaxMistake{error.source().begin, {problem, std::string(hint.why), std::string(hint.fix)}};
  throw SyntaxMistake{error.source().begin, {problem, "decks are written in TOML, https://toml.io", ""}};
}

void refuse_what_is_no_text(std::string_view text) {
  const toml::source_position start{1, 1};
  if (text.size() > longest_deck)
    throw SyntaxMistake{start,
                        {fmt::format("the deck is longer than {} KiB", longest_deck / 1024),
                         "decks are short files written by people", "give the deck, not data"}};
  const auto zero = text.find('\0');
  if (zero == std::string_view::npos) return;
  const auto before = text.substr(0, zero);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const auto column = zero - (before.rfind('\n') + 1) + 1;
  throw SyntaxMistake{
      {static_cast<toml::source_index>(line), static_cast<toml::source_index>(column)},
      {"this is a binary file: it holds a zero byte", "a deck is a text file in UTF-8", "give a text file"}};
}

toml::table parse_toml(std::string_view text) {
  refuse_what_is_no_text(text);
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    refuse(error);
  }
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool consists_of(std::string_view text, std::string_view characters) {
  return text.find_first_not_of(characters) == std::string_view::npos;
}

/// Numbers and what opens a string, list or table are meant as TOML; anything else may be a bare word.
bool is_bare_word(std::string_view value) {
  const bool opens = consists_of(value.substr(0, 1), "\"'[{");
  const bool numeric =
      consists_of(value.substr(0, 1), "0123456789+-.") && consists_of(value, "0123456789+-_.eE");
  return !opens && !numeric;
}

toml::table parse_value(std::string_view name, std::string_view value) {
  return parse_toml(fmt::format("{} = {}", name, value));
}

}  // namespace

std::string Origin::position(const toml::source_position& at) const {
  return kind == Kind::file ? fmt::format("{}:{}:{}", name, at.line, at.column) : name;
}

toml::table parse_file(std::string_view text) {
  auto table = parse_toml(text);
  if (table.empty())
    throw SyntaxMistake{{1, 1},
                        {"the deck is empty", "it has no key", "start from a copy of inputs/smoke.toml"}};
  return table;
}

Override split_override(std::string_view text) {
  const auto equals = text.find('=');
  const bool has_value = equals != std::string_view::npos;
  const Override given{trimmed(text.substr(0, equals)), has_value ? trimmed(text.substr(equals + 1)) : ""};
  const bool is_name =
      consists_of(given.name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.");
  if (given.name.empty() || !is_name || !has_value || given.value.find('\n') != std::string_view::npos)
    throw SyntaxMistake{{1, 1}, {"this is no override", "an override is section.key=value", "write it so"}};
  return given;
}

toml::table parse_override(const Override& given, Unquoted unquoted) {
  const auto& [name, value] = given;
  const bool quoted = value.starts_with('"') || value.starts_with('\'');
  if (unquoted == Unquoted::word && !quoted) return parse_value(name, literal(value));
  try {
    return parse_value(name, value);
  } catch (const SyntaxMistake&) {
    if (!is_bare_word(value)) throw;
    return parse_value(name, literal(value));
  }
}

}  // namespace heddle::deck
