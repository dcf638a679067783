// The text of a deck's file.
#pragma once

#include <filesystem>
#include <string>

namespace heddle::deck {

/// A byte more of a file that is too long for a deck. Throws DeckError for what is no file that can be read.
std::string deck_text(const std::filesystem::path& file);

}  // namespace heddle::deck
