// Random decks with one wrong value: one message, at its place, and what it advises leads to a deck that is taken.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <regex>
#include <sstream>

#include "heddle/plan/from_deck.hpp"
#include "random_deck.hpp"

namespace heddle::plan {
namespace {

using tests::Keys;

/// What is said of a deck; empty where it is taken.
std::string said_of(const Keys& keys) {
  try {
    make(read_deck(deck::DeckFile{"d.toml", tests::text_of(keys)}, {}, deck::Purpose::training));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage) << error.what();
    return error.what();
  }
  return "";
}

std::optional<std::smatch> found(const std::string& text, const char* pattern) {
  std::smatch match;
  return std::regex_search(text, match, std::regex(pattern)) ? std::optional(match) : std::nullopt;
}

/// Of the deck with `right` as it was before somebody made a mistake. What only says what kind of value is wanted gets that one, or none.
struct Follower {
  const Keys& right;

  /// Does what `message` advises; false where it advises nothing.
  bool follow(const std::string& message, Keys& keys) const {
    const std::string fix = message.substr(std::min(message.rfind("; "), message.size() - 1));
    if (const auto tried = found(fix, R"(try ([a-z_]+\.[a-z_0-9]+) = (\[[^\]]*\]|"[^"]*"|[^\s,]+))"))
      return keys[(*tried)[1]] = (*tried)[2], true;
    const auto named = found(message, R"(^\S+ ([a-z_]+\.[a-z_0-9]+))");
    if (!named) return false;
    const std::string key = (*named)[1];
    if (const auto meant = found(fix, R"(did you mean ("[^"]*")\?)")) return keys[key] = (*meant)[1], true;
    if (const auto meant = found(fix, R"(did you mean ([a-z_.]+))")) return rename(keys, key, (*meant)[1]);
    if (const auto bound = found(fix, R"(give (?:at least|at most) (\S+))"))
      return keys[key] = (*bound)[1], true;
    if (const auto bound = found(fix, R"(give more than (\S+))"))
      return keys[key] = fmt::format("{}", std::stod((*bound)[1]) + 1e-3), true;
    if (const auto text = found(fix, R"(write (\[.*\]|[\d.]+)$)")) return keys[key] = (*text)[1], true;
    if (fix.find("without quotes") != std::string::npos)
      return keys[key] = keys[key].substr(1, keys[key].size() - 2), true;
    if (fix.find("in quotes") != std::string::npos) return keys[key] = '"' + keys[key] + '"', true;
    if (const auto words = found(fix, R"(give ("[^"]*"))")) return keys[key] = (*words)[1], true;
    if (found(
            fix,
            "give (an integer|a number|true or false|a list of|a string)|the keys are|write the whole path"))
      return as_before(keys, key.substr(0, key.find('[')));
    return false;
  }

 private:
  static bool rename(Keys& keys, const std::string& from, const std::string& to) {
    keys[to] = keys.at(from);
    return keys.erase(from) == 1;
  }
  bool as_before(Keys& keys, const std::string& key) const {
    keys.erase(key);
    if (right.contains(key)) keys[key] = right.at(key);
    return true;
  }
};

/// The key on the line that a message begins with, "d.toml:3:1: ...".
std::string key_at(const std::string& message, const Keys& keys) {
  const auto place = found(message, R"(^d\.toml:(\d+):\d+: )");
  if (!place) return "";
  std::string section, line;
  std::istringstream text(tests::text_of(keys));
  for (int n = std::stoi((*place)[1]); n > 0 && std::getline(text, line); --n)
    if (line.front() == '[') section = line.substr(1, line.size() - 2);
  return section + '.' + line.substr(0, line.find(' '));
}

/// Follows what is said of `keys` until they are taken. Returns whether a value was to be tried.
void follow_to_the_end(const Keys& right, Keys keys, std::string message, bool& tried) {
  for (int step = 0; !message.empty(); ++step) {
    ASSERT_LT(step, 8) << message;
    tried |= message.find("try ") != std::string::npos;
    ASSERT_TRUE(Follower{right}.follow(message, keys)) << message;
    message = said_of(keys);
  }
}

void expect_one_at_its_place(const std::string& message, const Keys& keys,
                             const tests::RandomDecks::Wrong& wrong) {
  EXPECT_EQ(std::ranges::count(message, '\n'), 0);
  const std::string key = key_at(message, keys);
  ASSERT_TRUE(keys.contains(key)) << message;
  EXPECT_NE(message.find(key), std::string::npos) << key;
  EXPECT_TRUE(
      key == wrong.key || message.find(wrong.key) != std::string::npos ||
      (wrong.key == "pipeline.schedule" && message.find(wrong.value.substr(1, 4)) != std::string::npos));
}

TEST(Advice, OfOneWrongValueLeadsToADeckThatIsTaken) {
  constexpr int wanted = 500;
  tests::RandomDecks random(2026);
  int refused = 0, tried = 0;
  while (refused < wanted) {
    const Keys right = random.next();
    const auto wrong = random.wrong();
    Keys keys = right;
    keys[wrong.key] = wrong.value;
    const std::string message = said_of(keys);
    if (message.empty()) continue;
    ++refused;
    SCOPED_TRACE(fmt::format("{} = {} in\n{}\n{}", wrong.key, wrong.value, tests::text_of(right), message));
    EXPECT_EQ(said_of(right), "");
    expect_one_at_its_place(message, keys, wrong);
    bool tries = false;
    follow_to_the_end(right, keys, message, tries);
    tried += tries ? 1 : 0;
  }
  EXPECT_GT(tried, wanted / 4);  // and not only what a single key shows
}

}  // namespace
}  // namespace heddle::plan
