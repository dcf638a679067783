// Tokenizers and `prepare`: text goes in, the same text comes out, and what is no text is refused
// with its place.
#include "heddle/data/tokenizer.hpp"

#include <gtest/gtest.h>

#include "../support/expect_error.hpp"
#include "../support/temporary_folder.hpp"
#include "heddle/data/prepare.hpp"
#include "heddle/io/token_file.hpp"

namespace heddle::data {
namespace {

using io::TokenKind;
using tests::expect_error;
constexpr auto poem = "Weave \xC3\xA9t\xC3\xA9 \xE2\x80\x94 \xF0\x9F\xA7\xB5\n";  // "Weave été — 🧵"

TEST(Tokenizer, BytesAreTheirOwnIds) {
  const auto tokenizer = Tokenizer::for_text(TokenKind::byte, "", "");
  EXPECT_EQ(tokenizer.vocabulary().size, 256);
  const std::string all = [] {
    std::string bytes;
    for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
    return bytes;
  }();
  const auto ids = tokenizer.encode(all);
  for (int i = 0; i < 256; ++i) EXPECT_EQ(ids[i], i);
  EXPECT_EQ(tokenizer.decode(ids), all);
}

TEST(Tokenizer, CharactersAreNumberedInAscendingOrder) {
  const auto tokenizer = Tokenizer::for_text(TokenKind::character, "hello", "text");
  EXPECT_EQ(tokenizer.vocabulary().characters, (std::vector<std::uint32_t>{'e', 'h', 'l', 'o'}));
  EXPECT_EQ(tokenizer.encode("hello"), (std::vector<std::int32_t>{1, 0, 2, 2, 3}));
}

TEST(Tokenizer, CharactersOfEveryWidthComeBack) {
  const auto tokenizer = Tokenizer::for_text(TokenKind::character, poem, "text");
  const auto ids = tokenizer.encode(poem);
  EXPECT_EQ(ids.size(), 14u);
  EXPECT_EQ(tokenizer.decode(ids), poem);
  EXPECT_EQ(tokenizer.vocabulary().characters.back(), 0x1F9F5u);
  const std::string edges = "\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF";
  const auto widest = Tokenizer::for_text(TokenKind::character, edges, "text");
  EXPECT_EQ(widest.vocabulary().characters,
            (std::vector<std::uint32_t>{0x7F, 0x80, 0x7FF, 0x800, 0xFFFF, 0x10000, 0x10FFFF}));
  EXPECT_EQ(widest.decode(widest.encode(edges)), edges);
}

TEST(Tokenizer, InvalidUtf8IsRefusedWithItsPlace) {
  for (const char* bad : {"abc\x80", "abc\xC3", "abc\xC0\xAF", "abc\xE0\x80\xAF", "abc\xED\xA0\x80",
                          "abc\xF4\x90\x80\x80", "abc\xFF", "abc\xE2\x82"})
    expect_error(ExitCode::usage, {"poem.txt", "byte 3", "UTF-8"},
                 [&] { Tokenizer::for_text(TokenKind::character, bad, "poem.txt"); });
}

TEST(Tokenizer, UnknownCharacter) {
  const auto tokenizer = Tokenizer::for_text(TokenKind::character, "abc", "text");
  expect_error(ExitCode::usage, {"U+0064", "byte 2"}, [&] { tokenizer.encode("abd"); });
  EXPECT_EQ(tokenizer.decode(std::vector<std::int32_t>{0, 3, -1}), "a\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Prepare, WritesWhatItReports) {
  const tests::TemporaryFolder folder;
  const auto text = folder.file("poem.txt", poem);
  const auto report = prepare(text, folder / "tokens.h5", TokenKind::character);
  EXPECT_EQ(report.tokens, 14);
  EXPECT_EQ(report.vocabulary, 10);
  EXPECT_EQ(report.source_bytes, 21);
  const io::TokenFile file(folder / "tokens.h5");
  EXPECT_EQ(file.header().source, "poem.txt");
  EXPECT_EQ(file.header().source_crc, io::crc32(poem));
  std::vector<std::int32_t> ids(14);
  file.read(0, ids);
  EXPECT_EQ(Tokenizer(file.header().vocabulary).decode(ids), poem);
  EXPECT_EQ(prepare(text, folder / "tokens.h5", TokenKind::byte).tokens, 21);
}

TEST(Prepare, RefusesWhatIsNoText) {
  const tests::TemporaryFolder folder;
  const auto out = folder / "tokens.h5";
  const auto to = [&](const std::string& text) {
    return [&out, text] { prepare(text, out, TokenKind::character); };
  };
  expect_error(ExitCode::usage, {"missing.txt", "no such file"}, to("missing.txt"));
  expect_error(ExitCode::usage, {"empty.txt", "empty"}, to(folder.file("empty.txt", "")));
  expect_error(ExitCode::usage, {"latin1.txt", "byte 1", "UTF-8"},
               to(folder.file("latin1.txt", "\x65\xE9\x65")));
  expect_error(ExitCode::usage, {"directory"}, to("/tmp"));
  const std::string text = folder.file("a.txt", "a");
  expect_error(ExitCode::usage, {"a.txt: cannot make this folder"},
               [&] { prepare(text, text + "/tokens.h5", TokenKind::byte); });
}

TEST(Prepare, MakesTheFoldersOfItsOutput) {
  const tests::TemporaryFolder folder;
  EXPECT_EQ(prepare(folder.file("a.txt", "abc"), folder / "some/where/tokens.h5", TokenKind::byte).tokens, 3);
}

}  // namespace
}  // namespace heddle::data
