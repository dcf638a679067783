// The text of a deck's file, or of the standard input.
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <system_error>

#include "heddle/base/input_path.hpp"
#include "heddle/deck/read.hpp"
#include "syntax.hpp"

namespace heddle::deck {
namespace {

[[noreturn]] void refuse(const std::string& source, const std::string& problem, const std::string& why) {
  throw DeckError({source + ": " + describe(problem, why, "give a deck, such as inputs/smoke.toml")});
}

DeckFile text_of(std::istream& stream, const std::string& source) {
  std::string text(longest_deck + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) refuse(source, "cannot read the deck", "the file system reports an error");
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return {source, text};
}

}  // namespace

DeckFile deck_file(const std::string& path) {
  if (path == "-") return text_of(std::cin, std::string(standard_input));
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status))
    refuse(path, "cannot find the deck",
           error && error != std::errc::no_such_file_or_directory ? error.message() : where_looked(path));
  if (std::filesystem::is_directory(status)) refuse(path, "this is a directory", "a deck is a file");
  if (!std::filesystem::is_regular_file(status))
    refuse(path, "this is no regular file", "every rank reads the deck anew, but for -, the standard input");
  std::ifstream stream(path, std::ios::binary);
  if (!stream) refuse(path, "cannot open the deck", std::generic_category().message(errno));
  return text_of(stream, path);
}

Deck read(const std::string& path, std::span<const std::string> overrides, Purpose purpose) {
  return read(deck_file(path), overrides, purpose);
}

}  // namespace heddle::deck
