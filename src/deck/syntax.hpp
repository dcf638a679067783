// From text to TOML tables: where the syntax ends and the meaning of keys begins.
#pragma once

#include <toml++/toml.h>

#include <string>
#include <string_view>

#include "codec.hpp"

namespace heddle::deck {

/// Bytes. A deck is written by a person; and toml++ recurses as deep as a.a.a... nests, which this bounds to
/// what a stack can hold, sanitizers included.
inline constexpr std::size_t longest_deck = 16 * 1024;

/// Where a text came from, and how its positions read.
struct Origin {
  enum class Kind : std::uint8_t { file, measurement, command_line };
  Kind kind;
  std::string name;  ///< the file, or "command line: grid.tensor=4"

  std::string position(const toml::source_position& at) const;
};

/// A mistake in the syntax, after which nothing more of the text can be read.
struct SyntaxMistake {
  toml::source_position at;
  Mistake mistake;
};

/// A deck's text. Throws SyntaxMistake.
toml::table parse_file(std::string_view text);

/// `section.key=value`; an empty value gives the key up.
struct Override {
  std::string_view name, value;  ///< without the blanks around them
};
/// Throws SyntaxMistake.
Override split_override(std::string_view text);

/// What a value without quotes is: TOML, or a word if it is none; or a word whatever it looks like.
enum class Unquoted : bool { toml, word };
/// Throws SyntaxMistake.
toml::table parse_override(const Override& given, Unquoted unquoted);

}  // namespace heddle::deck
