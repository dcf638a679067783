// How one value goes between TOML and C++: a Codec for each type a key may have.
#pragma once

#include <fmt/format.h>
#include <toml++/toml.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "heddle/deck/deck.hpp"

namespace heddle::deck {

/// The three parts of a message; see heddle::describe.
struct Mistake {
  std::string problem, why, fix;
};
using Verdict = std::optional<Mistake>;

/// Bounds of a number, each either reached or not; or the choices of a string, which may also
/// begin with `prefix`.
struct Range {
  double low = -std::numeric_limits<double>::infinity(), high = std::numeric_limits<double>::infinity();
  bool low_is_in = true, high_is_in = true;
  std::span<const Word> words = {};
  Word prefix = {};

  bool contains(double x) const {
    return (low_is_in ? x >= low : x > low) && (high_is_in ? x <= high : x < high);
  }
  std::string text() const;  ///< "at least 0 and less than 1", "\"1f1b\" or \"file:...\""; "" for all values
};
constexpr Range any{};
constexpr Range at_least(double low) { return {.low = low}; }
constexpr Range more_than(double low) { return {.low = low, .low_is_in = false}; }
constexpr Range from_to(double low, double high) { return {.low = low, .high = high}; }
constexpr Range from_below(double low, double high) {
  return {.low = low, .high = high, .high_is_in = false};
}

constexpr Range one_of(std::span<const Word> words, Word prefix = {}) {
  return {.words = words, .prefix = prefix};
}

/// What a message needs to know of the value at hand.
struct Asked {
  std::string name;  ///< "model.heads", "pipeline.cuts[1]"
  std::string meaning;
  Range range;
};

/// `text` without control characters, and cut to what fits a message.
std::string for_message(std::string_view text);
std::string literal(std::string_view text);  ///< as a TOML string, quotes included
std::string shown(const toml::node& node);   ///< as TOML, cut short
std::string printed(double number);          ///< the shortest TOML float that reads back to the same bits
std::string joined(const std::vector<std::string>& words, std::string_view separator);

Mistake wrong_type(const Asked& asked, const toml::node& node, std::string_view wanted);
Verdict read_integer(const Asked& asked, const toml::node& node, std::int64_t highest, std::int64_t& value);
Verdict read_number(const Asked& asked, const toml::node& node, double& value);
Verdict read_string(const Asked& asked, const toml::node& node, std::string& value);
Verdict read_choice(const Asked& asked, const toml::node& node, std::span<const Word> choices,
                    std::size_t& value);

/// type(): what the reference calls it. read(): the value, or why not. print(): as TOML.
template <class T>
struct Codec;

template <class T>
requires std::is_same_v<T, int> || std::is_same_v<T, std::int64_t>
struct Codec<T> {
  static std::string type() { return "integer"; }
  static std::string range(const Range& range) { return range.text(); }
  static Verdict read(const Asked& asked, const toml::node& node, T& value) {
    std::int64_t wide = 0;
    auto verdict = read_integer(asked, node, std::numeric_limits<T>::max(), wide);
    if (!verdict) value = static_cast<T>(wide);
    return verdict;
  }
  static std::string print(T value) { return std::to_string(value); }
};

template <>
struct Codec<double> {
  static std::string type() { return "number"; }
  static std::string range(const Range& range) { return range.text(); }
  static Verdict read(const Asked& asked, const toml::node& node, double& value) {
    return read_number(asked, node, value);
  }
  static std::string print(double value) { return printed(value); }
};

template <>
struct Codec<bool> {
  static std::string type() { return "boolean"; }
  static std::string range(const Range&) { return "true or false"; }
  static Verdict read(const Asked& asked, const toml::node& node, bool& value) {
    if (!node.is_boolean()) return wrong_type(asked, node, "true or false");
    value = node.as_boolean()->get();
    return {};
  }
  static std::string print(bool value) { return value ? "true" : "false"; }
};

template <>
struct Codec<std::string> {
  static std::string type() { return "string"; }
  static std::string range(const Range& range) { return range.text(); }
  static Verdict read(const Asked& asked, const toml::node& node, std::string& value) {
    return read_string(asked, node, value);
  }
  static std::string print(const std::string& value) { return literal(value); }
};

template <class E>
requires std::is_enum_v<E>
struct Codec<E> {
  static constexpr auto choices = names_of(E{});
  static std::string type() { return "string"; }
  static std::string range(const Range&) {
    std::vector<std::string> words;
    for (auto choice : choices) words.push_back(literal(choice));
    return joined(words, " or ");
  }
  static Verdict read(const Asked& asked, const toml::node& node, E& value) {
    std::size_t index = 0;
    auto verdict = read_choice(asked, node, choices, index);
    if (!verdict) value = static_cast<E>(index);
    return verdict;
  }
  static std::string print(E value) { return literal(name(value)); }
};

template <class T>
struct Codec<std::vector<T>> {
  static std::string type() { return "list of " + Codec<T>::type() + "s"; }
  static std::string range(const Range& range) { return "each " + Codec<T>::range(range); }
  static Verdict read(const Asked& asked, const toml::node& node, std::vector<T>& value) {
    if (!node.is_array()) return wrong_type(asked, node, "a " + type());
    std::vector<T> list;
    for (const auto& element : *node.as_array()) {
      const Asked one{fmt::format("{}[{}]", asked.name, list.size()), asked.meaning, asked.range};
      list.emplace_back();
      if (auto verdict = Codec<T>::read(one, element, list.back())) return verdict;
    }
    value = std::move(list);
    return {};
  }
  static std::string print(const std::vector<T>& value) {
    std::vector<std::string> words;
    for (const auto& element : value) words.push_back(Codec<T>::print(element));
    return fmt::format("[{}]", joined(words, ", "));
  }
};

/// One number, or a list of them.
template <>
struct Codec<PerStage> {
  static std::string type() { return "number or list of numbers"; }
  static std::string range(const Range& range) { return range.text(); }
  static Verdict read(const Asked& asked, const toml::node& node, PerStage& value) {
    if (node.is_array()) return Codec<std::vector<double>>::read(asked, node, value.values);
    double one = 0;
    if (auto verdict = read_number(asked, node, one)) return verdict;
    value.values = {one};
    return {};
  }
  static std::string print(const PerStage& value) {
    return value.values.size() == 1 ? printed(value.values[0])
                                    : Codec<std::vector<double>>::print(value.values);
  }
};

}  // namespace heddle::deck
