// heddle help --man: the manual page.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "heddle/build_info.hpp"
#include "heddle/deck/print.hpp"
#include "spelled.hpp"

namespace heddle::app {
namespace {

/// So that roff takes none of it for a request.
std::string plain(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
  }
  return out.starts_with('.') || out.starts_with('\'') ? "\\&" + out : out;
}

std::string tagged(const std::string& tag, const std::string& text) {
  return fmt::format(".TP\n.B {}\n{}\n", plain(tag), plain(text));
}

std::string synopsis(const SpelledCommand& command) {
  std::string text = command.name;
  for (const SpelledOption& option : command.options)
    if (option.is_argument)
      text += option.names.back() == "overrides" ? " [KEY=VALUE ...]" : " " + option.names.back();
  return text;
}

std::string page_of(const SpelledCommand& command) {
  std::string text = fmt::format(".SS heddle {}\n{}.\n", plain(synopsis(command)), plain(command.about));
  for (const SpelledOption& option : command.options) {
    std::string tag = fmt::format("{}", fmt::join(option.names, ", "));
    if (!option.choices.empty())
      tag += fmt::format(" {}", fmt::join(option.choices, "|"));
    else if (option.takes_value && !option.is_argument)
      tag += " VALUE";
    text += tagged(tag, option.about);
  }
  return text;
}

std::string deck_keys() {
  std::string text;
  for (const std::string_view topic : deck::topics()) {
    const std::string help = deck::help(topic), first = help.substr(0, help.find('\n'));
    if (topic.find('.') == std::string_view::npos) {
      text += fmt::format(".SS {}\n", plain(first));
      continue;
    }
    std::string more = help.substr(first.size() + 3);
    more.pop_back();
    text += tagged(std::string(topic), fmt::format("{} ({})", first.substr(topic.size() + 2), more));
  }
  return text;
}

}  // namespace

std::string manual(const std::vector<SpelledCommand>& commands) {
  std::string text = fmt::format(".TH HEDDLE 1 \"\" \"heddle {}\" \"Heddle\"\n", build_info::version);
  text +=
      ".SH NAME\nheddle \\- trains transformers in tensor x pipeline x data parallel\n"
      ".SH SYNOPSIS\n.B heddle\n.I COMMAND\n[...]\n.br\n.B mpirun \\-n\n.I RANKS\n.B heddle run\n.I "
      "DECK\n[...]\n"
      ".SH COMMANDS\n";
  for (const SpelledCommand& command : commands) text += page_of(command);
  text +=
      ".SH DECKS\nA deck is a TOML file. Relative paths in it start at the working folder.\n" + deck_keys();
  text += ".SH EXIT STATUS\n" + tagged("0", "done") + tagged("1", "failure") +
          tagged("2", "deck or command line") + tagged("3", "numbers: the loss or a gradient is not finite") +
          tagged("4", "hang") + ".SH ENVIRONMENT\n" +
          tagged("NO_COLOR", "no colours, where it is not empty") +
          tagged("HEDDLE_CACHE", "folder of what is measured once of a GPU");
  return text;
}

}  // namespace heddle::app
