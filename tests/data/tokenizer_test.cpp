// Tokenizers: text goes in, the same text comes out, and what is no text is refused with its place.
#include "heddle/data/tokenizer.hpp"

#include <gtest/gtest.h>

#include "../support/expect_error.hpp"

namespace heddle::data {
namespace {

using io::TokenKind;
using tests::expect_error;
constexpr auto poem = "Weave \xC3\xA9t\xC3\xA9 \xE2\x80\x94 \xF0\x9F\xA7\xB5\n";  // "Weave été — 🧵"

Tokenizer for_text(TokenKind kind, std::string_view text, std::string_view source = "text") {
  VocabularyFinder finder(kind);
  finder.add({text, source});
  return Tokenizer(finder.vocabulary());
}

TEST(Tokenizer, BytesAreTheirOwnIds) {
  const auto tokenizer = for_text(TokenKind::byte, "");
  EXPECT_EQ(tokenizer.vocabulary().size, 256);
  const std::string all = [] {
    std::string bytes;
    for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
    return bytes;
  }();
  const auto ids = tokenizer.encode({all});
  for (int i = 0; i < 256; ++i) EXPECT_EQ(ids[i], i);
  EXPECT_EQ(tokenizer.decode(ids), all);
}

TEST(Tokenizer, CharactersAreNumberedInAscendingOrder) {
  const auto tokenizer = for_text(TokenKind::character, "hello");
  EXPECT_EQ(tokenizer.vocabulary().characters, (std::vector<std::uint32_t>{'e', 'h', 'l', 'o'}));
  EXPECT_EQ(tokenizer.encode({"hello"}), (std::vector<std::int32_t>{1, 0, 2, 2, 3}));
}

TEST(Tokenizer, CharactersOfEveryWidthComeBack) {
  const auto tokenizer = for_text(TokenKind::character, poem);
  const auto ids = tokenizer.encode({poem});
  EXPECT_EQ(ids.size(), 14u);
  EXPECT_EQ(tokenizer.decode(ids), poem);
  EXPECT_EQ(tokenizer.vocabulary().characters.back(), 0x1F9F5u);
  const std::string edges = "\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF";
  const auto widest = for_text(TokenKind::character, edges);
  EXPECT_EQ(widest.vocabulary().characters,
            (std::vector<std::uint32_t>{0x7F, 0x80, 0x7FF, 0x800, 0xFFFF, 0x10000, 0x10FFFF}));
  EXPECT_EQ(widest.decode(widest.encode({edges})), edges);
}

TEST(Tokenizer, InvalidUtf8IsRefusedWithItsPlace) {
  for (const char* bad : {"abc\x80", "abc\xC3", "abc\xC0\xAF", "abc\xE0\x80\xAF", "abc\xED\xA0\x80",
                          "abc\xF4\x90\x80\x80", "abc\xFF", "abc\xE2\x82"})
    expect_error(ExitCode::usage, {"poem.txt", "byte 3", "UTF-8"},
                 [&] { for_text(TokenKind::character, bad, "poem.txt"); });
}

TEST(Tokenizer, UnknownCharacter) {
  const auto tokenizer = for_text(TokenKind::character, "abc");
  expect_error(ExitCode::usage, {"U+0064", "byte 2"}, [&] { tokenizer.encode({"abd"}); });
  EXPECT_EQ(tokenizer.decode(std::vector<std::int32_t>{0, 3, -1}), "a\xEF\xBF\xBD\xEF\xBF\xBD");
}

}  // namespace
}  // namespace heddle::data
