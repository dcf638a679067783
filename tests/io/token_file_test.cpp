// Token files: what is written is read, and every wrong file is refused in words.
#include "heddle/io/token_file.hpp"

#include <gtest/gtest.h>
#include <hdf5.h>

#include <filesystem>
#include <numeric>

#include "../support/expect_error.hpp"
#include "../support/temporary_folder.hpp"
#include "heddle/io/checksum.hpp"

namespace heddle::io {
namespace {

using tests::expect_error;

std::vector<std::int32_t> ids_up_to(std::int64_t vocabulary, std::size_t count) {
  std::vector<std::int32_t> ids(count);
  for (std::size_t i = 0; i < count; ++i) ids[i] = static_cast<std::int32_t>((i * 7919) % vocabulary);
  return ids;
}

std::string write(const std::string& path, const Vocabulary& vocabulary, std::span<const std::int32_t> ids) {
  TokenFileWriter writer(path, vocabulary, "text.txt");
  writer.append(ids.first(ids.size() / 3));
  writer.append(ids.subspan(ids.size() / 3));
  writer.finish(0x12345678);
  return path;
}

TEST(TokenFile, KeepsIdsAndHeader) {
  const tests::TemporaryFolder folder;
  for (std::int64_t size : {65ll, 256ll, 257ll, 50257ll, 70000ll}) {
    const Vocabulary vocabulary{TokenKind::byte, size, {}};
    const auto ids = ids_up_to(size, 200'001);
    const TokenFile file(write(folder / "tokens.h5", vocabulary, ids));
    EXPECT_EQ(file.header().vocabulary, vocabulary);
    EXPECT_EQ(file.header().source, "text.txt");
    EXPECT_EQ(file.header().source_crc, 0x12345678u);
    ASSERT_EQ(file.length(), 200'001);
    std::vector<std::int32_t> read(70'000);
    file.read(100'000, read);
    EXPECT_TRUE(std::equal(read.begin(), read.end(), ids.begin() + 100'000)) << size;
    EXPECT_NO_THROW(file.verify(0, 1, [] {}));
  }
}

TEST(TokenFile, StoresTheNarrowestIntegers) {
  const tests::TemporaryFolder folder;
  const auto bytes = [&](std::int64_t vocabulary) {
    const auto ids = ids_up_to(vocabulary, 1 << 20);
    return std::filesystem::file_size(write(folder / "tokens.h5", {TokenKind::byte, vocabulary, {}}, ids));
  };
  EXPECT_LT(bytes(256), 1.1 * (1 << 20));
  EXPECT_LT(bytes(257), 2.1 * (1 << 20));
  EXPECT_GT(bytes(65537), 4 << 20);
}

TEST(TokenFile, KeepsCharacters) {
  const tests::TemporaryFolder folder;
  const Vocabulary vocabulary{TokenKind::character, 3, {'a', 0xE9, 0x1F9F5}};
  const TokenFile file(write(folder / "tokens.h5", vocabulary, ids_up_to(3, 10)));
  EXPECT_EQ(file.header().vocabulary, vocabulary);
}

TEST(TokenFile, HasNoNameBeforeItIsWhole) {
  const tests::TemporaryFolder folder;
  const auto path = folder / "tokens.h5";
  {
    TokenFileWriter writer(path, {}, "");
    writer.append(std::vector<std::int32_t>(1000, 7));
    EXPECT_FALSE(std::filesystem::exists(path));
  }
  EXPECT_FALSE(std::filesystem::exists(path + ".partial")) << "an abandoned file is cleaned away";
}

TEST(TokenFile, MissingFile) {
  const tests::TemporaryFolder folder;
  const std::string missing = folder / "tokens.h5";
  expect_error(ExitCode::usage, {missing, "no such file"}, [&] { TokenFile{missing}; });
}

TEST(TokenFile, UnwritablePlace) {
  const tests::TemporaryFolder folder;
  const auto file = folder.file("a_file", "");
  expect_error(ExitCode::usage, {"a_file/tokens.h5", "cannot write"},
               [&] { TokenFileWriter(file + "/tokens.h5", {}, ""); });
  std::filesystem::create_directory(folder / "tokens.h5");
  expect_error(ExitCode::usage, {"tokens.h5", "directory"},
               [&] { TokenFileWriter(folder / "tokens.h5", {}, ""); });
}

TEST(TokenFile, ForeignFiles) {
  const tests::TemporaryFolder folder;
  const auto text = folder.file("text.h5", "To be, or not to be");
  expect_error(ExitCode::usage, {text, "cannot open", "HDF5"}, [&] { TokenFile{text}; });
  const auto empty = folder.file("empty.h5", "");
  expect_error(ExitCode::usage, {empty, "cannot open"}, [&] { TokenFile{empty}; });
}

TEST(TokenFile, TruncatedFile) {
  const tests::TemporaryFolder folder;
  const auto path = write(folder / "tokens.h5", {}, ids_up_to(256, 300'000));
  const auto whole = tests::bytes_of(path);
  for (double part : {0.01, 0.5, 0.999}) {
    const auto length = static_cast<std::size_t>(part * static_cast<double>(whole.size()));
    const auto cut = folder.file("cut.h5", whole.substr(0, length));
    expect_error(ExitCode::usage, {cut, "cannot open", "truncated"}, [&] { TokenFile{cut}; });
  }
}

TEST(TokenFile, DamagedByteIsSeen) {
  const tests::TemporaryFolder folder;
  const std::vector<std::int32_t> ids(200'000, 42);
  auto bytes = tests::bytes_of(write(folder / "tokens.h5", {}, ids));
  const auto place = bytes.find(std::string(1000, 42));
  ASSERT_NE(place, std::string::npos);
  bytes[place + 500] ^= 1;
  const TokenFile file(folder.file("damaged.h5", bytes));
  expect_error(ExitCode::usage, {"damaged.h5", "cannot read tokens", "HDF5", "checksum"},
               [&] { file.verify(0, 1, [] {}); });
}

TEST(TokenFile, PartsAreReadEachOnce) {
  const tests::TemporaryFolder folder;
  const std::vector<std::int32_t> ids((5 << 20) + 1, 42);  // 6 pieces, the last of one token
  auto bytes = tests::bytes_of(write(folder / "tokens.h5", {}, ids));
  const auto place = bytes.rfind(std::string(1000, 42));  // of the fifth piece
  ASSERT_NE(place, std::string::npos);
  bytes[place] ^= 1;
  const TokenFile file(folder.file("damaged.h5", bytes));
  for (const std::int64_t parts : {1, 2, 3, 4, 9}) {
    int damaged = 0, read = 0;
    for (std::int64_t part = 0; part < parts; ++part) {
      try {
        file.verify(part, parts, [&] { ++read; });
      } catch (const Error&) {
        ++damaged;
      }
    }
    EXPECT_EQ(damaged, 1) << parts;
    EXPECT_EQ(read, parts < 6 ? 4 : 5) << parts;  // the last piece is left out where it is in the same part
  }
}

TEST(TokenFile, IdBeyondTheVocabulary) {
  const tests::TemporaryFolder folder;
  const std::string path = write(folder / "beyond.h5", {TokenKind::byte, 250, {}}, ids_up_to(250, 1000));
  // The vocabulary shrinks behind the writer's back.
  const hid_t behind = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  const hid_t attribute = H5Aopen(behind, "vocabulary", H5P_DEFAULT);
  const std::int64_t fewer = 100;
  ASSERT_GE(H5Awrite(attribute, H5T_NATIVE_INT64, &fewer), 0);
  H5Aclose(attribute);
  H5Fclose(behind);
  const TokenFile file(path);
  ASSERT_EQ(file.header().vocabulary.size, 100);
  expect_error(ExitCode::usage, {"beyond.h5", "token 1 is the id 169", "100 ids"},
               [&] { file.verify(0, 1, [] {}); });
}

TEST(Crc32, KnownAnswer) {
  EXPECT_EQ(crc32("123456789"), 0xCBF43926u);
  EXPECT_EQ(crc32("6789", crc32("12345")), 0xCBF43926u);
}

}  // namespace
}  // namespace heddle::io
