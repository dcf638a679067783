#include "deck_text.hpp"

#include <cerrno>
#include <fstream>
#include <system_error>

#include "heddle/deck/read.hpp"
#include "syntax.hpp"

namespace heddle::deck {

std::string deck_text(const std::filesystem::path& file) {
  const auto refuse = [&](const std::string& problem, const std::string& why) {
    throw DeckError(
        {file.string() + ": " + describe(problem, why, "give a deck, such as inputs/smoke.toml")});
  };
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (!std::filesystem::exists(status))
    refuse("cannot find the deck", error ? error.message() : "no such file");
  if (std::filesystem::is_directory(status)) refuse("this is a directory", "a deck is a file");
  if (!std::filesystem::is_regular_file(status))
    refuse("this is no regular file", "every rank reads the deck anew");
  std::ifstream stream(file, std::ios::binary);
  if (!stream) refuse("cannot open the deck", std::generic_category().message(errno));
  std::string text(longest_deck + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) refuse("cannot read the deck", "the file system reports an error");
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return text;
}

}  // namespace heddle::deck
