// The commands and their options as tables, for what is generated from them.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace heddle::app {

struct SpelledOption {
  std::vector<std::string> names;  ///< "-o", "--output"; of an argument "DECK"
  std::string about;
  bool takes_value = false, is_argument = false;
  std::vector<std::string> choices = {};
};

struct SpelledCommand {
  std::string name, about;
  std::vector<SpelledOption> options;
  bool takes_deck = false;  ///< a deck and its overrides

  /// All names of its options, arguments left out.
  std::vector<std::string> option_names() const;
};

std::vector<SpelledCommand> spelled(const CLI::App& line);

/// What the shell of this name reads to complete heddle's command line. Throws Error(usage) for another one.
std::string completion(const std::vector<SpelledCommand>& commands, const std::string& shell);

/// heddle.1, in roff.
std::string manual(const std::vector<SpelledCommand>& commands);

}  // namespace heddle::app
