// From TOML to a Deck, with every mistake of the file and of the command line reported at once.
#pragma once

#include <filesystem>
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

/// Reads a deck file; each override is `section.key=value` as in TOML, where a string may stand without its
/// quotes. Overrides win over the file, and a later override over an earlier one. What `purpose` has no need
/// of may be missing. The files of cost.machine and cost.from are read as if their sections stood before the
/// deck's. Throws DeckError.
Deck read(const std::filesystem::path& file, std::span<const std::string> overrides = {},
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
