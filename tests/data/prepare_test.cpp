// `prepare`: texts become a tokens file, piece by piece.
#include "heddle/data/prepare.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "../support/expect_error.hpp"
#include "../support/temporary_folder.hpp"
#include "heddle/data/tokenizer.hpp"
#include "heddle/io/checksum.hpp"
#include "heddle/io/token_file.hpp"

namespace heddle::data {
namespace {

using io::TokenKind;
using tests::expect_error;
constexpr auto poem = "Weave \xC3\xA9t\xC3\xA9 \xE2\x80\x94 \xF0\x9F\xA7\xB5\n";  // "Weave été — 🧵"
constexpr std::size_t piece = 1 << 20;  // bytes that are read at once

PrepareReport prepare_them(std::vector<std::string> texts, std::string tokens_file, TokenKind kind,
                           const PrepareProgress& progress = {}) {
  return prepare({.texts = std::move(texts), .tokens_file = std::move(tokens_file), .kind = kind}, progress);
}

std::string text_of(const std::string& tokens_file) {
  const io::TokenFile file(tokens_file);
  std::vector<std::int32_t> ids(static_cast<std::size_t>(file.length()));
  file.read(0, ids);
  return Tokenizer(file.header().vocabulary).decode(ids);
}

TEST(Prepare, WritesWhatItReports) {
  const tests::TemporaryFolder folder;
  const auto text = folder.file("poem.txt", poem);
  const auto report = prepare_them({text}, folder / "tokens.h5", TokenKind::character);
  EXPECT_EQ(report.tokens, 14);
  EXPECT_EQ(report.vocabulary, 10);
  EXPECT_EQ(report.source_bytes, 21);
  const io::TokenFile file(folder / "tokens.h5");
  EXPECT_EQ(file.header().source, "poem.txt");
  EXPECT_EQ(file.header().source_crc, io::crc32(poem));
  EXPECT_EQ(text_of(folder / "tokens.h5"), poem);
  EXPECT_EQ(prepare_them({text}, folder / "tokens.h5", TokenKind::byte).tokens, 21);
}

TEST(Prepare, RefusesWhatIsNoText) {
  const tests::TemporaryFolder folder;
  const auto out = folder / "tokens.h5";
  const auto to = [&](const std::string& text) {
    return [&out, text] { prepare_them({text}, out, TokenKind::character); };
  };
  expect_error(ExitCode::usage, {"missing.txt", "No such file"}, to("missing.txt"));
  expect_error(ExitCode::usage, {"empty.txt", "empty"}, to(folder.file("empty.txt", "")));
  expect_error(ExitCode::usage, {"latin1.txt", "byte 1", "UTF-8"},
               to(folder.file("latin1.txt", "\x65\xE9\x65")));
  expect_error(ExitCode::usage, {"directory"}, to("/tmp"));
  const std::string text = folder.file("a.txt", "a");
  expect_error(ExitCode::usage, {"a.txt: cannot make this folder"},
               [&] { prepare_them({text}, text + "/tokens.h5", TokenKind::byte); });
}

TEST(Prepare, MakesTheFoldersOfItsOutput) {
  const tests::TemporaryFolder folder;
  EXPECT_EQ(
      prepare_them({folder.file("a.txt", "abc")}, folder / "some/where/tokens.h5", TokenKind::byte).tokens,
      3);
}

TEST(Prepare, TextsAreJoinedAsTheyStand) {
  const tests::TemporaryFolder folder;
  const auto one = folder.file("one.txt", "b\xC3\xA9"), none = folder.file("none.txt", ""),
             two = folder.file("two.txt", "a");
  for (const TokenKind kind : {TokenKind::byte, TokenKind::character}) {
    prepare_them({one, none, two, one}, folder / "tokens.h5", kind);
    EXPECT_EQ(text_of(folder / "tokens.h5"),
              "b\xC3\xA9"
              "ab\xC3\xA9");
    const io::TokenFile file(folder / "tokens.h5");
    EXPECT_EQ(file.header().source, "one.txt, none.txt, two.txt, one.txt");
    EXPECT_EQ(file.header().source_crc, io::crc32("b\xC3\xA9"
                                                  "ab\xC3\xA9"));
  }
}

TEST(Prepare, CharactersMayLieAcrossTheBordersOfPieces) {
  const tests::TemporaryFolder folder;
  for (std::size_t shift = 0; shift < 4; ++shift) {
    std::string text(piece - 3 + shift, 'x');
    for (int i = 0; i < 400'000; ++i) text += "\xF0\x9F\xA7\xB5";
    const auto report =
        prepare_them({folder.file("text.txt", text)}, folder / "tokens.h5", TokenKind::character);
    EXPECT_EQ(report.tokens, static_cast<std::int64_t>(piece - 3 + shift) + 400'000);
    EXPECT_EQ(text_of(folder / "tokens.h5"), text);
  }
  const std::string cut = std::string(2 * piece, 'x') + "\xF0\x9F";
  expect_error(ExitCode::usage, {"cut.txt", "byte 2097152", "UTF-8"},
               [&] { prepare_them({folder.file("cut.txt", cut)}, folder / "t.h5", TokenKind::character); });
  EXPECT_FALSE(std::filesystem::exists(folder / "t.h5"));
}

TEST(Prepare, AByteOrderMarkIsNoPartOfTheText) {
  const tests::TemporaryFolder folder;
  const auto marked = folder.file("marked.txt", "\xEF\xBB\xBFtext"),
             plain = folder.file("plain.txt", "\xEF\xBB\xBE");
  for (const TokenKind kind : {TokenKind::byte, TokenKind::character}) {
    const auto report = prepare_them({plain, marked}, folder / "tokens.h5", kind);
    EXPECT_EQ(report.with_mark, std::vector{marked});
    EXPECT_EQ(report.source_bytes, 10);
    EXPECT_EQ(text_of(folder / "tokens.h5"), "\xEF\xBB\xBEtext");
  }
}

TEST(Prepare, CountsLineEndsAcrossPieces) {
  const tests::TemporaryFolder folder;
  const std::string text = std::string(piece - 1, 'x') + "\r\n\n\r\r\nend";
  const auto report = prepare_them({folder.file("text.txt", text)}, folder / "tokens.h5", TokenKind::byte);
  EXPECT_EQ(report.line_ends, 3);
  EXPECT_EQ(report.line_ends_with_return, 2);
}

TEST(Prepare, ReadsAPipeTwiceForCharacters) {
  const tests::TemporaryFolder folder;
  const auto pipe = folder / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  for (const TokenKind kind : {TokenKind::byte, TokenKind::character}) {
    std::thread writer([&] { std::ofstream(pipe) << std::string(3 * piece, 'y') << poem; });
    const auto report = prepare_them({pipe}, folder / "tokens.h5", kind);
    writer.join();
    EXPECT_EQ(report.source_bytes, static_cast<std::int64_t>(3 * piece) + 21);
    EXPECT_EQ(text_of(folder / "tokens.h5"), std::string(3 * piece, 'y') + poem);
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder / ""), {}), 2)
      << "what was kept aside is gone";
}

TEST(Prepare, TheTextIsNotWrittenOver) {
  const tests::TemporaryFolder folder;
  const auto text = folder.file("a.txt", "abc");
  std::filesystem::create_symlink(text, folder / "link");
  for (const std::string& output : {text, folder / "link"})
    expect_error(ExitCode::usage, {output, "the text itself"},
                 [&] { prepare_them({text}, output, TokenKind::byte); });
  EXPECT_EQ(tests::bytes_of(text), "abc");
}

TEST(Prepare, ReplacesOnlyTokens) {
  const tests::TemporaryFolder folder;
  const auto text = folder.file("a.txt", "abc"), mine = folder.file("mine.txt", "precious");
  expect_error(ExitCode::usage, {mine, "there already", "--overwrite"},
               [&] { prepare_them({text}, mine, TokenKind::byte); });
  EXPECT_EQ(tests::bytes_of(mine), "precious");
  const auto tokens = folder / "tokens.h5";
  for (int again = 0; again < 2; ++again) prepare_them({text}, tokens, TokenKind::byte);
  prepare({.texts = {text}, .tokens_file = mine, .overwrite = true});
  EXPECT_EQ(text_of(mine), "abc");
  expect_error(ExitCode::usage, {"the text itself"},
               [&] { prepare({.texts = {text}, .tokens_file = text, .overwrite = true}); });
}

TEST(Prepare, TellsHowFarItIs) {
  const tests::TemporaryFolder folder;
  const auto text = folder.file("text.txt", std::string(2 * piece + 1, 'x'));
  std::vector<std::int64_t> told;
  prepare_them({text}, folder / "tokens.h5", TokenKind::character, [&](std::int64_t done, std::int64_t of) {
    EXPECT_EQ(of, 2 * (2 * static_cast<std::int64_t>(piece) + 1));
    told.push_back(done);
  });
  EXPECT_TRUE(std::ranges::is_sorted(told));
  EXPECT_GT(told.size(), 5u);
  EXPECT_EQ(told.back(), 2 * (2 * static_cast<std::int64_t>(piece) + 1));
}

TEST(Prepare, TakesNoMoreMemoryForALongerText) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer keeps what is freed";
#endif
  const tests::TemporaryFolder folder;
  const auto text = folder.file("text.txt", "");
  std::filesystem::resize_file(text, 64 << 20);  // with zeros, which take no memory here
  const auto peak = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;  // KiB
  };
  prepare_them({folder.file("short.txt", std::string(4 << 20, 'x'))}, folder / "tokens.h5",
               TokenKind::character);
  const long before = peak();
  prepare_them({text}, folder / "tokens.h5", TokenKind::character);
  EXPECT_LT(peak() - before, 16 << 10) << "KiB; the text has 64 MiB";
}

}  // namespace
}  // namespace heddle::data
