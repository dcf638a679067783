// Writes the table of keys: with a deck's values as TOML, with its words as Markdown.
#include "heddle/deck/print.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "keys.hpp"

namespace heddle::deck {

namespace {

/// A section of tools that says nothing, or one that a deck of a pipeline alone does without.
bool is_left_out(const Section& section, const Deck& deck) {
  const Deck defaults;
  const auto is_default = [&](const Key& key) { return key.print(deck) == key.print(defaults); };
  const auto is_missing = [&](const Key& key) { return key.need == Need::required && is_default(key); };
  return std::any_of(section.keys.begin(), section.keys.end(), is_missing) ||
         (section.shown == Shown::where_given &&
          std::all_of(section.keys.begin(), section.keys.end(), is_default));
}

/// "grid.tensor: how many ranks share each weight" and, under it, "integer, 1 if it is left out, at least 1"
std::string help(const Key& key) {
  std::string text = fmt::format("{}: {}\n  {}, ", key.name, key.meaning, key.type);
  text += key.need == Need::required ? "must be given"
                                     : fmt::format("{} where it is left out", key.print(Deck()));
  for (const std::string& more : {key.range, key.unit})
    if (!more.empty()) text += ", " + more;
  return text + "\n";
}

}  // namespace

std::string help(std::string_view topic) {
  if (const Key* key = find_key(topic)) return help(*key);
  const Section* section = find_section(topic);
  if (!section) return "";
  std::string text = fmt::format("[{}] {}\n\n", section->name, section->meaning);
  for (const Key& key : section->keys) text += help(key);
  return text;
}

std::vector<std::string> choices(std::string_view name) {
  const Key* key = find_key(name);
  if (!key || key->type.starts_with("list")) return {};
  if (key->type == Codec<bool>::type()) return {"true", "false"};
  std::vector<std::string> words;
  for (std::size_t end = 0, begin = 0; (begin = key->range.find('"', end)) != std::string::npos; ++end) {
    end = key->range.find('"', begin + 1);
    const std::string word = key->range.substr(begin + 1, end - begin - 1);
    words.push_back(word.ends_with("...") ? word.substr(0, word.size() - 3) : word);
  }
  return words;
}

std::vector<std::string_view> topics() {
  std::vector<std::string_view> all;
  for (const Section& section : sections()) {
    all.push_back(section.name);
    for (const Key& key : section.keys) all.push_back(key.name);
  }
  return all;
}

std::string resolved(const Deck& deck) {
  std::string text;
  for (const auto& section : sections()) {
    if (is_left_out(section, deck)) continue;
    text += fmt::format("{}[{}]\n", text.empty() ? "" : "\n", section.name);
    for (const auto& key : section.keys) text += fmt::format("{} = {}\n", key.bare_name(), key.print(deck));
  }
  return text;
}

std::string reference() {
  std::string text =
      "# Deck reference\n\n"
      "A deck is a [TOML](https://toml.io) file. Every key can be set on the command line too, as "
      "`section.key=value`:\n"
      "`heddle run inputs/first.toml grid.data=2 pipeline.schedule=gpipe`. There a string needs no quotes, "
      "and `section.key=`\n"
      "takes a key out of the deck. Unknown keys are errors, and so is a key that does nothing beside the "
      "others; "
      "one of the file that does\n"
      "nothing beside an override is taken out, and that is said. Relative paths start at the working "
      "folder, whoever "
      "gives them, and `~/` is a home.\n"
      "`heddle check DECK` prints a deck with all its defaults.\n\n"
      "This file is generated from `src/deck/keys.cpp`; `HEDDLE_UPDATE=1 ctest -R deck.Reference` writes it "
      "anew.\n";
  const Deck defaults;
  for (const auto& section : sections()) {
    text += fmt::format("\n## [{}]\n{}\n\n", section.name, section.meaning);
    text += "| key | type | default | range | unit | meaning |\n|---|---|---|---|---|---|\n";
    for (const auto& key : section.keys)
      text += fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", key.bare_name(), key.type,
                          key.need == Need::required ? "required" : fmt::format("`{}`", key.print(defaults)),
                          key.range, key.unit, key.meaning);
  }
  return text;
}

}  // namespace heddle::deck
