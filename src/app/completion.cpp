// heddle completion: what bash and zsh read to complete a command line.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "heddle/base/error.hpp"
#include "heddle/deck/print.hpp"
#include "spelled.hpp"

namespace heddle::app {
namespace {

std::vector<std::string> keys() {
  std::vector<std::string> all;
  for (const std::string_view topic : deck::topics())
    if (topic.find('.') != std::string_view::npos) all.emplace_back(topic);
  return all;
}

/// The functions that both shells share, each printing the words for a place of the command line. Values that are files have none.
std::string tables(const std::vector<SpelledCommand>& commands) {
  std::vector<std::string> names, decked;
  std::string options, values, keyed;
  for (const SpelledCommand& command : commands) {
    names.push_back(command.name);
    if (command.takes_deck) decked.push_back(command.name);
    options += fmt::format("    {}) echo '{}' ;;\n", command.name, fmt::join(command.option_names(), " "));
    for (const SpelledOption& option : command.options)
      if (!option.choices.empty())
        values += fmt::format("    {}:{}) echo '{}' ;;\n", command.name, option.names.back(),
                              fmt::join(option.choices, " "));
  }
  for (const std::string& key : keys())
    if (const auto words = deck::choices(key); !words.empty())
      keyed += fmt::format("    {}) echo '{}' ;;\n", key, fmt::join(words, " "));
  const auto on = [](const char* what, const std::string& cases) {
    return fmt::format("_heddle_{}() {{\n  case $1 in\n{}  esac\n}}\n", what, cases);
  };
  return fmt::format("_heddle_commands='{}'\n_heddle_keys='{}='\n_heddle_topics='{} {}'\n",
                     fmt::join(names, " "), fmt::join(keys(), "= "), fmt::join(names, " "),
                     fmt::join(deck::topics(), " ")) +
         on("options_of", options) + on("choices_of", values) + on("words_of", keyed) +
         on("takes_deck", fmt::format("    {}) return 0 ;;\n    *) return 1 ;;\n", fmt::join(decked, "|")));
}

constexpr const char* bash = R"(
# readline takes the = of key=value for a word of its own.
_heddle() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]} words
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then words=$_heddle_commands
  elif [[ $word == '=' ]]; then words=$(_heddle_words_of "$before") word=
  elif [[ $before == '=' ]]; then words=$(_heddle_words_of "${COMP_WORDS[COMP_CWORD-2]}")
  elif [[ $before == -* ]] && words=$(_heddle_choices_of "$command:$before") && [[ $words ]]; then :
  elif [[ $word == -* ]]; then words=$(_heddle_options_of "$command")
  elif [[ $command == help ]]; then words=$_heddle_topics
  elif [[ $command == completion ]]; then words='bash zsh'
  elif ((COMP_CWORD > 2)) && _heddle_takes_deck "$command"; then
    words=$_heddle_keys
    compopt -o nospace 2>/dev/null
  else return; fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _heddle heddle
)";

constexpr const char* zsh = R"(
_heddle() {
  local command=$words[2] before=$words[CURRENT-1] found
  if ((CURRENT == 2)); then compadd -- ${=_heddle_commands}
  elif [[ $PREFIX == [a-z]##.[a-z0-9_]##=* ]]; then
    found=$(_heddle_words_of "${PREFIX%%=*}")
    compset -P '*='
    if [[ -n $found ]]; then compadd -- ${=found}; else _files; fi
  elif found=$(_heddle_choices_of "$command:$before") && [[ -n $found ]]; then compadd -- ${=found}
  elif [[ $PREFIX == -* ]]; then compadd -- ${=$(_heddle_options_of $command)}
  elif [[ $command == help ]]; then compadd -- ${=_heddle_topics}
  elif [[ $command == completion ]]; then compadd -- bash zsh
  elif ((CURRENT > 3)) && _heddle_takes_deck $command; then compadd -S '' -- ${=_heddle_keys}; _files
  else _files; fi
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _heddle "$@"; else compdef _heddle heddle; fi
)";

}  // namespace

std::string completion(const std::vector<SpelledCommand>& commands, const std::string& shell) {
  if (shell == "bash") return "# heddle completion bash\n" + tables(commands) + bash;
  if (shell == "zsh") return "#compdef heddle\n# heddle completion zsh\n" + tables(commands) + zsh;
  throw Error(ExitCode::usage, fmt::format("command line: completion {}: no such shell", shell), "",
              "give bash or zsh");
}

}  // namespace heddle::app
