// The part of the codecs that no type changes: bounds, text, and messages.
#include "codec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "heddle/base/nearest.hpp"

namespace heddle::deck {
namespace {

std::string_view kind(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table: return "a table";
    case toml::node_type::array: return "a list";
    case toml::node_type::string: return "a string";
    case toml::node_type::integer: return "an integer";
    case toml::node_type::floating_point: return "a float";
    case toml::node_type::boolean: return "a boolean";
    default: return "a date or time";
  }
}

/// Shortens a message's part without cutting a UTF-8 character in two.
std::string cut_short(std::string text) {
  constexpr std::size_t longest = 60;
  if (text.size() <= longest) return text;
  std::size_t end = longest;
  while (end > 0 && (text[end] & 0xc0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

/// Control characters as TOML escapes them.
std::string without_controls(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f)
      out += fmt::format("\\u{:04X}", byte);
    else
      out += c;
  }
  return out;
}

std::string bound(double x) { return x == std::floor(x) ? fmt::format("{:.0f}", x) : fmt::format("{}", x); }

bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789+-.eE") == std::string::npos;
}

Mistake no_choice(const Asked& asked, const toml::node& node, std::string_view given,
                  std::span<const Word> choices) {
  const std::string meant = nearest(given, choices);
  return {fmt::format("{} = {} is not a choice", asked.name, shown(node)), asked.meaning,
          meant.empty() ? "give " + asked.range.text() : fmt::format("did you mean {}?", literal(meant))};
}

Mistake out_of_range(const Asked& asked, const toml::node& node) {
  return {fmt::format("{} = {} is out of range", asked.name, shown(node)), asked.meaning,
          "give " + asked.range.text()};
}

}  // namespace

std::string Range::text() const {
  std::vector<std::string> parts;
  for (const Word word : words) parts.push_back(literal(word));
  if (!prefix.empty()) parts.push_back(literal(std::string(prefix) + "..."));
  if (!parts.empty()) return joined(parts, " or ");
  if (std::isfinite(low)) parts.push_back((low_is_in ? "at least " : "more than ") + bound(low));
  if (std::isfinite(high)) parts.push_back((high_is_in ? "at most " : "less than ") + bound(high));
  return joined(parts, " and ");
}

std::string joined(const std::vector<std::string>& words, std::string_view separator) {
  return fmt::format("{}", fmt::join(words, separator));
}

std::string for_message(std::string_view text) { return cut_short(without_controls(text)); }

std::string literal(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return fmt::format("\"{}\"", without_controls(escaped));
}

std::string printed(double number) {
  std::string text = fmt::format("{}", number);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string shown(const toml::node& node) {
  if (const auto* text = node.as_string()) return cut_short(literal(text->get()));
  if (const auto* number = node.as_floating_point())
    return std::isfinite(number->get()) ? printed(number->get()) : fmt::format("{}", number->get());
  if (const auto* list = node.as_array()) {
    std::vector<std::string> words;
    for (const auto& element : *list) words.push_back(shown(element));
    return cut_short(fmt::format("[{}]", joined(words, ", ")));
  }
  if (const auto* integer = node.as_integer()) return std::to_string(integer->get());
  if (const auto* boolean = node.as_boolean()) return boolean->get() ? "true" : "false";
  return node.is_table() ? "{...}" : "...";
}

Mistake wrong_type(const Asked& asked, const toml::node& node, std::string_view wanted) {
  std::string fix = fmt::format("give {}", wanted);
  const bool wants_number = wanted == "an integer" || wanted == "a number";
  if (const auto* number = node.as_floating_point(); number && wanted == "an integer") {
    const double x = number->get();
    if (x == std::floor(x) && std::abs(x) < 1e15) fix = fmt::format("write {:.0f}", x);
  } else if (const auto* text = node.as_string()) {
    if (wants_number && is_number(text->get())) fix = "write it without quotes";
    if (wanted == "true or false" && (text->get() == "true" || text->get() == "false"))
      fix = "write it without quotes";
  } else if (wanted == "a string" && node.is_value()) {
    fix = "write it in quotes";
  } else if (wanted.starts_with("a list") && node.is_value()) {
    fix = fmt::format("write [{}]", shown(node));
  }
  return {fmt::format("{} = {} is {}, not {}", asked.name, shown(node), kind(node), wanted), asked.meaning,
          fix};
}

Verdict read_integer(const Asked& asked, const toml::node& node, std::int64_t highest, std::int64_t& value) {
  const auto* integer = node.as_integer();
  if (!integer) return wrong_type(asked, node, "an integer");
  value = integer->get();
  if (!asked.range.contains(static_cast<double>(value))) return out_of_range(asked, node);
  if (value > highest)
    return Mistake{fmt::format("{} = {} does not fit into 32 bits", asked.name, value), asked.meaning,
                   fmt::format("give at most {}", highest)};
  return {};
}

Verdict read_number(const Asked& asked, const toml::node& node, double& value) {
  if (!node.is_number()) return wrong_type(asked, node, "a number");
  value = node.is_integer() ? static_cast<double>(node.as_integer()->get()) : node.as_floating_point()->get();
  if (!std::isfinite(value))
    return Mistake{fmt::format("{} = {} is not a finite number", asked.name, shown(node)), asked.meaning,
                   asked.range.text().empty() ? "give a number" : "give " + asked.range.text()};
  if (!asked.range.contains(value)) return out_of_range(asked, node);
  return {};
}

Verdict read_string(const Asked& asked, const toml::node& node, std::string& value) {
  const auto* text = node.as_string();
  const std::string choices = asked.range.text();
  if (!text) return wrong_type(asked, node, choices.empty() ? "a string" : choices);
  value = text->get();
  for (const char c : value)
    if (static_cast<unsigned char>(c) < 0x20)
      return Mistake{fmt::format("{} = {} holds a control character", asked.name, shown(node)), asked.meaning,
                     "leave it out"};
  const auto& [words, prefix] = std::tie(asked.range.words, asked.range.prefix);
  const bool begins = !prefix.empty() && value.size() > prefix.size() && value.starts_with(prefix);
  if (choices.empty() || begins || std::find(words.begin(), words.end(), value) != words.end()) return {};
  return no_choice(asked, node, value, words);
}

Verdict read_choice(const Asked& asked, const toml::node& node, std::span<const Word> choices,
                    std::size_t& value) {
  const Asked among{asked.name, asked.meaning, one_of(choices)};
  std::string word;
  if (auto verdict = read_string(among, node, word)) return verdict;
  value = std::find(choices.begin(), choices.end(), word) - choices.begin();
  return {};
}

}  // namespace heddle::deck
