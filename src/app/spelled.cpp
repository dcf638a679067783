#include "spelled.hpp"

#include <sstream>

namespace heddle::app {
namespace {

/// "TEXT:{text,csv,svg}" names three.
std::vector<std::string> choices_of(const std::string& type) {
  const auto begin = type.find('{'), end = type.rfind('}');
  std::vector<std::string> words;
  if (begin == std::string::npos || end == std::string::npos) return words;
  std::istringstream list(type.substr(begin + 1, end - begin - 1));
  for (std::string word; std::getline(list, word, ',');) words.push_back(word);
  return words;
}

SpelledOption option_of(const CLI::Option& option) {
  SpelledOption one{.names = {},
                    .about = option.get_description(),
                    .takes_value = option.get_items_expected_max() > 0,
                    .is_argument = option.get_positional(),
                    .choices = choices_of(option.get_type_name())};
  for (const std::string& name : option.get_snames()) one.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) one.names.push_back("--" + name);
  if (one.is_argument) one.names.push_back(option.get_name());
  return one;
}

}  // namespace

std::vector<std::string> SpelledCommand::option_names() const {
  std::vector<std::string> all;
  for (const SpelledOption& option : options)
    if (!option.is_argument) all.insert(all.end(), option.names.begin(), option.names.end());
  return all;
}

std::vector<SpelledCommand> spelled(const CLI::App& line) {
  std::vector<SpelledCommand> all;
  for (const CLI::App* command : line.get_subcommands({})) {
    SpelledCommand one{.name = command->get_name(), .about = command->get_description(), .options = {}};
    for (const CLI::Option* option : command->get_options()) {
      if (option->get_group().empty()) continue;  // not for people
      one.takes_deck |= option->get_name() == "overrides";
      one.options.push_back(option_of(*option));
    }
    all.push_back(one);
  }
  return all;
}

}  // namespace heddle::app
