#include "heddle/data/tokenizer.hpp"

#include <fmt/format.h>

#include "heddle/base/error.hpp"
#include "heddle/data/utf8.hpp"

namespace heddle::data {
namespace {

/// `visit(code_point, its offset in the text)`
template <class Visit>
void for_each_code_point(const TextPiece& text, const Visit& visit) {
  for (std::string_view rest = text.bytes; !rest.empty();) {
    const std::int64_t offset = text.offset + std::ssize(text.bytes) - std::ssize(rest);
    visit(next_code_point(rest, offset, text.source), offset);
  }
}

}  // namespace

void VocabularyFinder::add(const TextPiece& text) {
  if (kind_ == io::TokenKind::byte) return;
  for_each_code_point(text, [&](std::uint32_t code_point, std::int64_t) { seen_[code_point] = true; });
}

io::Vocabulary VocabularyFinder::vocabulary() const {
  if (kind_ == io::TokenKind::byte) return {kind_, 256, {}};
  std::vector<std::uint32_t> characters;
  for (std::uint32_t one = 0; one < code_points; ++one)
    if (seen_[one]) characters.push_back(one);
  const auto size = std::ssize(characters);
  return {kind_, size, std::move(characters)};
}

Tokenizer::Tokenizer(io::Vocabulary vocabulary) : vocabulary_(std::move(vocabulary)) {
  for (auto character : vocabulary_.characters)
    ids_.emplace(character, static_cast<std::int32_t>(ids_.size()));
}

std::vector<std::int32_t> Tokenizer::encode(const TextPiece& text) const {
  std::vector<std::int32_t> ids;
  ids.reserve(text.bytes.size());
  if (vocabulary_.kind == io::TokenKind::byte) {
    for (char byte : text.bytes) ids.push_back(static_cast<unsigned char>(byte));
    return ids;
  }
  for_each_code_point(text, [&](std::uint32_t code_point, std::int64_t offset) {
    const auto found = ids_.find(code_point);
    if (found == ids_.end())
      throw Error(
          ExitCode::usage,
          fmt::format("{}: U+{:04X} at byte {} has no token", text.source, code_point, offset),
          fmt::format("the vocabulary has {} characters, and this is none of them", vocabulary_.size));
    ids.push_back(found->second);
  });
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
