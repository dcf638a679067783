// Reads a deck: the file's table first, then each override's, key by key through the table of keys.
#include "heddle/deck/read.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <set>
#include <tuple>

#include "derived.hpp"
#include "heddle/base/nearest.hpp"
#include "home.hpp"
#include "included.hpp"
#include "keys.hpp"
#include "renamed.hpp"

namespace heddle::deck {
namespace {

/// A mistake with what sorts it: file before command line, by place in the file, as given on
/// the command line.
struct Problem {
  Origin::Kind kind;
  toml::source_position at;
  std::string line;
  auto order() const { return std::tuple(kind, at.line, at.column); }
};

std::string described(const Mistake& mistake) { return describe(mistake.problem, mistake.why, mistake.fix); }

enum class Writer : bool { person, program };

class Reader {
 public:
  Reader(Deck& deck, Purpose purpose, Writer writer) : deck_(deck), purpose_(purpose), writer_(writer) {}

  void read_file(std::string_view text, const std::string& source) {
    file_ = {Origin::Kind::file, source};
    readable_ = unless_mistaken(file_, [&] { read_table(file_, parse_file(text)); });
  }
  void read_override(const std::string& text) {
    const Origin origin{Origin::Kind::command_line, "command line: " + for_message(text)};
    unless_mistaken(origin, [&] { read_override(origin, split_override(text)); });
  }
  /// Takes the figures of the files that `named`, the deck, refers to; what is read afterwards wins.
  void include(const Deck& named);
  void expand_homes();
  void finish();

 private:
  void include_machine(const std::string& path);
  void include_measurement(const std::string& path);
  bool unless_mistaken(const Origin& origin, const std::function<void()>& read);
  void read_override(const Origin& origin, const Override& given);
  void read_table(const Origin& origin, const toml::table& table);
  void read_section(const Origin& origin, const toml::key& name, const toml::node& node);
  void read_key(const Origin& origin, const Section& section, const toml::key& name, const toml::node& node);
  void report_unknown_section(const Origin& origin, const toml::key& name, const toml::node& node);
  void report_unknown_key(const Origin& origin, const Section& section, const toml::key& name);
  void report_missing();
  void report(const Origin& origin, const toml::source_position& at, const Mistake& mistake) {
    problems_.push_back({origin.kind, origin.kind == Origin::Kind::file ? at : toml::source_position{},
                         origin.position(at) + ": " + described(mistake)});
  }
  std::string did_you_mean(const std::string& name) { return did_you_mean(name, name); }
  std::string did_you_mean(const std::string& name, const std::string& as_shown) {
    suggested_.insert(name);
    return fmt::format("did you mean {}?", as_shown);
  }

  const Key* key_of(const std::string& name) const;

  Deck& deck_;
  Purpose purpose_;
  Writer writer_;
  Origin file_{};
  bool readable_ = false;  ///< the file's syntax is right, so that what it lacks is known
  std::vector<Problem> problems_;
  std::map<std::string, toml::source_position, std::less<>> headers_;  ///< of the file's sections
  std::set<std::string, std::less<>> suggested_;  ///< keys and sections that were probably meant
};

void Reader::include(const Deck& named) {
  const auto at_key = [&](const char* key, auto&& what) {
    try {
      what();
    } catch (const Mistake& mistake) {
      problems_.push_back({Origin::Kind::file, {}, named.at(key) + ": " + described(mistake)});
    }
  };
  const auto& [from, machine] = std::tie(named.cost.from, named.cost.machine);  // with a ~ they lead nowhere
  if (!machine.empty() && machine[0] != '~') at_key("cost.machine", [&] { include_machine(machine); });
  if (!from.empty() && from[0] != '~') at_key("cost.from", [&] { include_measurement(from); });
}

void Reader::expand_homes() {
  deck::expand_homes(deck_, [&](Word key, const Mistake& mistake) {
    problems_.push_back({Origin::Kind::file, {}, deck_.at(key) + ": " + described(mistake)});
  });
}

void Reader::include_machine(const std::string& path) {
  const std::string text =
      included_text(path, "a machine", "give one, such as inputs/machines/h100_sxm.toml");
  const Origin origin{Origin::Kind::file, path};
  try {
    for (auto&& [name, node] : parse_file(text)) {
      if (name.str() == "machine")
        read_section(origin, name, node);
      else
        report(origin, name.source().begin,
               {fmt::format("{} has no place in a machine's file", for_message(name.str())),
                "it holds one section, [machine]", "take it out"});
    }
  } catch (const SyntaxMistake& error) {
    report(origin, error.at, error.mistake);
  }
}

void Reader::include_measurement(const std::string& path) {
  const std::string text =
      included_text(path, "a measurement", "write one with `heddle bench DECK --json FILE`");
  for (auto&& [name, node] : measured_costs(path, text))
    read_section({Origin::Kind::measurement, path}, name, node);
}

bool Reader::unless_mistaken(const Origin& origin, const std::function<void()>& read) {
  try {
    read();
    return true;
  } catch (const SyntaxMistake& error) {
    report(origin, error.at, error.mistake);
    return false;
  }
}

void Reader::read_override(const Origin& origin, const Override& given) {
  const Key* key = key_of(std::string(given.name));
  if (key && given.value.empty()) return set_default(deck_, *key);
  const bool of_words = key && key->type == Codec<std::string>::type();
  read_table(origin,
             parse_override(given, of_words || given.value.empty() ? Unquoted::word : Unquoted::toml));
}

void Reader::read_table(const Origin& origin, const toml::table& table) {
  for (auto&& [name, node] : table) read_section(origin, name, node);
}

void Reader::read_section(const Origin& origin, const toml::key& name, const toml::node& node) {
  const auto* section = find_section(name.str());
  if (!section) return report_unknown_section(origin, name, node);
  if (origin.kind == Origin::Kind::file) headers_.emplace(section->name, node.source().begin);
  if (!node.is_table()) {
    suggested_.insert(section->name);
    return report(
        origin, name.source().begin,
        {fmt::format("{} = {} is not a section", section->name, shown(node)), "a section holds keys",
         fmt::format("write [{}] once, and its keys below", section->name)});
  }
  for (auto&& [key_name, value] : *node.as_table()) read_key(origin, *section, key_name, value);
}

const Key* Reader::key_of(const std::string& name) const {
  const auto now = writer_ == Writer::program ? renamed(name) : std::nullopt;
  return find_key(now ? now->now : name);
}

void Reader::read_key(const Origin& origin, const Section& section, const toml::key& name,
                      const toml::node& node) {
  const auto* key = key_of(fmt::format("{}.{}", section.name, name.str()));
  if (!key) return report_unknown_key(origin, section, name);
  deck_.positions.insert_or_assign(key->name, origin.position(name.source().begin));
  const auto word = word_in_place_of(key->name, shown(node));
  if (word && writer_ == Writer::person)
    return report(origin, name.source().begin, is_a_word_now(key->name, node, *word));
  const auto mistake =
      word ? key->read(deck_, key->name, toml::value(std::string(*word))) : key->read(deck_, key->name, node);
  if (mistake) report(origin, name.source().begin, *mistake);
}

void Reader::report_unknown_section(const Origin& origin, const toml::key& name, const toml::node& node) {
  std::vector<Word> names;
  std::vector<std::string> holders, headers;
  for (const auto& section : sections()) {
    names.push_back(section.name);
    headers.push_back(section.name);
    for (const auto& key : section.keys)
      if (key.bare_name() == name.str()) holders.push_back(key.name);
  }
  const std::string shown_name = for_message(name.str());
  if (!node.is_table())
    return report(
        origin, name.source().begin,
        {fmt::format("{} stands outside of every section", shown_name), "every key belongs to a section",
         holders.empty() ? "the sections are " + joined(headers, ", ")
                         : did_you_mean(joined(holders, " or "))});
  const std::string meant = nearest(name.str(), names);
  report(
      origin, name.source().begin,
      {fmt::format("[{}] is no section of a deck", shown_name), "unknown names are never skipped",
       meant.empty() ? "the sections are " + joined(headers, ", ") : did_you_mean(meant, "[" + meant + "]")});
}

void Reader::report_unknown_key(const Origin& origin, const Section& section, const toml::key& name) {
  const std::string whole = fmt::format("{}.{}", section.name, name.str());
  if (const auto now = renamed(whole))
    return report(
        origin, name.source().begin,
        {whole + " is no key of a deck any more", std::string(now->why), fmt::format("write {}", now->now)});
  std::vector<Word> names;
  std::vector<std::string> keys, holders;
  for (const auto& key : section.keys) names.push_back(key.bare_name()), keys.emplace_back(key.bare_name());
  for (const auto& other : sections())
    for (const auto& key : other.keys)
      if (key.bare_name() == name.str()) holders.push_back(key.name);
  std::string fix = "the keys are " + joined(keys, ", ");
  if (!holders.empty())
    fix = did_you_mean(joined(holders, " or "));
  else if (const auto meant = nearest(name.str(), names); !meant.empty())
    fix = did_you_mean(section.name + "." + meant);
  report(origin, name.source().begin,
         {fmt::format("{}.{} is no key of a deck", section.name, for_message(name.str())),
          "unknown names are never skipped", fix});
}

void Reader::report_missing() {
  for (const auto& section : sections()) {
    if (suggested_.contains(section.name)) continue;
    const auto header = headers_.find(section.name);
    const toml::source_position at = header == headers_.end() ? toml::source_position{1, 1} : header->second;
    for (const auto& key : section.keys)
      if (key.need == Need::required && !deck_.positions.contains(key.name) && !suggested_.contains(key.name))
        report(file_, at,
               {key.name + " is missing", key.meaning + "; it has no default",
                fmt::format("add {} = ... to [{}]", key.bare_name(), section.name)});
  }
}

void Reader::finish() {
  if (readable_ && needs_model(deck_, purpose_)) report_missing();
  if (problems_.empty()) return;
  std::stable_sort(problems_.begin(), problems_.end(),
                   [](const Problem& a, const Problem& b) { return a.order() < b.order(); });
  std::vector<std::string> lines;
  for (const auto& problem : problems_) lines.push_back(problem.line);
  throw DeckError(lines);
}

enum class Includes : bool { left_alone, followed };

Deck assemble(std::string_view text, const std::string& source, std::span<const std::string> overrides,
              Purpose purpose, Includes includes, Writer writer) {
  const auto read_deck = [&](Reader& reader) {
    reader.read_file(text, source);
    for (const auto& one : overrides) reader.read_override(one);
    reader.expand_homes();
  };
  Deck deck;
  deck.name = source == standard_input ? "stdin" : std::filesystem::path(source).stem().string();
  deck.source = source;
  deck.text = text;
  deck.overrides.assign(overrides.begin(), overrides.end());
  Reader reader(deck, purpose, writer);
  if (includes == Includes::followed) {
    Deck named = deck;
    Reader first(named, purpose, writer);
    read_deck(first);
    reader.include(named);
  }
  read_deck(reader);
  reader.finish();
  fill_in(deck);
  return deck;
}

}  // namespace

DeckError::DeckError(const std::vector<std::string>& lines) : Error(ExitCode::usage, joined(lines, "\n")) {}

Deck parse(std::string_view text, const std::string& source, std::span<const std::string> overrides,
           Purpose purpose) {
  return assemble(text, source, overrides, purpose, Includes::left_alone, Writer::person);
}

Deck restore(std::string_view resolved, const std::string& source) {
  return assemble(resolved, source, {}, Purpose::training, Includes::left_alone, Writer::program);
}

Deck read(const DeckFile& file, std::span<const std::string> overrides, Purpose purpose) {
  return assemble(file.text, file.source, overrides, purpose, Includes::followed, Writer::person);
}

}  // namespace heddle::deck
