// From TOML to a Deck, with every mistake of the file and of the command line reported at once.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "heddle/base/error.hpp"
#include "heddle/deck/deck.hpp"

namespace heddle::deck {

/// what() has one line `POSITION: PROBLEM (WHY); FIX` for each mistake.
class DeckError : public Error {
 public:
  explicit DeckError(const std::vector<std::string>& lines);
};

/// A deck's text, and how its positions name where it came from.
struct DeckFile {
  std::string source, text;
};
inline constexpr std::string_view standard_input = "standard input";

/// - is the standard input. A byte more than a deck may have of what is longer. Throws DeckError for what cannot be read.
DeckFile deck_file(const std::string& path);

/// Reads a deck; each override is `section.key=value` as in TOML, where a string may stand without its
/// quotes. Overrides win over the file, and a later override over an earlier one. What `purpose` has no need
/// of may be missing. The files of cost.machine and cost.from are read as if their sections stood before the
/// deck's. All relative paths start at the working folder, and ~/ is a home. Throws DeckError.
Deck read(const DeckFile& file, std::span<const std::string> overrides = {},
          Purpose purpose = Purpose::training);
Deck read(const std::string& path, std::span<const std::string> overrides = {},
          Purpose purpose = Purpose::training);

/// The same for a deck's text; `source` is the file name that positions show.
Deck parse(std::string_view text, const std::string& source, std::span<const std::string> overrides = {},
           Purpose purpose = Purpose::training);

/// A deck that a program has written into one of its files, where keys may have the names that they had then.
Deck restore(std::string_view resolved, const std::string& source);

/// Must a deck that is read for `purpose` say what is trained, [model] and [train]? To train it must; to
/// simulate only on a described machine, whose costs follow from the model.
bool needs_model(const Deck& deck, Purpose purpose);

}  // namespace heddle::deck
