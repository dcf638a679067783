#include "heddle/data/tokenizer.hpp"

#include <fmt/format.h>

#include <set>

#include "heddle/base/error.hpp"
#include "heddle/data/utf8.hpp"

namespace heddle::data {

Tokenizer::Tokenizer(io::Vocabulary vocabulary) : vocabulary_(std::move(vocabulary)) {
  for (auto character : vocabulary_.characters)
    ids_.emplace(character, static_cast<std::int32_t>(ids_.size()));
}

Tokenizer Tokenizer::for_text(io::TokenKind kind, std::string_view text, const std::string& source) {
  if (kind == io::TokenKind::byte) return Tokenizer({kind, 256, {}});
  std::set<std::uint32_t> characters;
  for (std::string_view rest = text; !rest.empty();)
    characters.insert(next_code_point(rest, static_cast<std::int64_t>(text.size() - rest.size()), source));
  const auto size = static_cast<std::int64_t>(characters.size());
  return Tokenizer({kind, size, {characters.begin(), characters.end()}});
}

std::vector<std::int32_t> Tokenizer::encode(std::string_view text) const {
  std::vector<std::int32_t> ids;
  ids.reserve(text.size());
  if (vocabulary_.kind == io::TokenKind::byte) {
    for (char byte : text) ids.push_back(static_cast<unsigned char>(byte));
    return ids;
  }
  for (std::string_view rest = text; !rest.empty();) {
    const auto offset = static_cast<std::int64_t>(text.size() - rest.size());
    const auto code_point = next_code_point(rest, offset, "text");
    const auto found = ids_.find(code_point);
    if (found == ids_.end())
      throw Error(
          ExitCode::usage, fmt::format("text: U+{:04X} at byte {} has no token", code_point, offset),
          fmt::format("the vocabulary has {} characters, and this is none of them", vocabulary_.size));
    ids.push_back(found->second);
  }
  return ids;
}

std::string Tokenizer::decode(std::span<const std::int32_t> ids) const {
  std::string text;
  for (auto id : ids) {
    if (id < 0 || id >= vocabulary_.size)
      append_utf8(text, 0xFFFD);
    else if (vocabulary_.kind == io::TokenKind::byte)
      text += static_cast<char>(id);
    else
      append_utf8(text, vocabulary_.characters[static_cast<std::size_t>(id)]);
  }
  return text;
}

}  // namespace heddle::data
