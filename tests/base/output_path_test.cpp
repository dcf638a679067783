// What stands where a command is to write is replaced only if nothing of anybody's is lost.
#include "heddle/base/output_path.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "../support/expect_error.hpp"
#include "../support/temporary_folder.hpp"
#include "heddle/base/text_output.hpp"

namespace heddle {
namespace {

using tests::expect_error;
namespace fs = std::filesystem;

TEST(OutputPath, OnlyAnEmptyFileOrOnesOwnIsReplaced) {
  const tests::TemporaryFolder folder;
  const Replacing pictures{marks::picture};
  const auto foreign = folder.file("foreign", "a letter");
  const auto own = folder.file("own", "<svg><desc>heddle picture</desc></svg>");
  for (const std::string& path : {folder / "new", folder.file("empty", ""), own, folder / ""})
    EXPECT_NO_THROW(demand_replaceable(path, pictures)) << path;
  for (const Replacing& kind : {pictures, Replacing{marks::none}})
    expect_error(ExitCode::usage, {foreign, "there already", "--overwrite"},
                 [&] { demand_replaceable(foreign, kind); });
  expect_error(ExitCode::usage, {own}, [&] { demand_replaceable(own, {marks::none}); });
  EXPECT_NO_THROW(demand_replaceable(foreign, {marks::none, true}));
}

TEST(OutputPath, LinksLeadToWhatIsWritten) {
  const tests::TemporaryFolder folder;
  fs::create_directory(folder / "far");
  fs::create_symlink("far/file", folder / "second");
  fs::create_symlink(folder / "second", folder / "first");
  EXPECT_EQ(fs::path(behind_links(folder / "first")), fs::path(folder / "far/file"));
  EXPECT_EQ(behind_links("no/link"), "no/link");
  fs::create_symlink("circle", folder / "circle");
  EXPECT_NO_THROW(behind_links(folder / "circle"));
  for (int again = 0; again < 2; ++again)
    TextOutput(folder / "first", {marks::picture}).write("heddle picture");
  EXPECT_EQ(tests::bytes_of(folder / "far/file"), "heddle picture");
  EXPECT_TRUE(fs::is_symlink(folder / "first"));
}

TEST(OutputPath, WhatIsNoRegularFileStays) {
  TextOutput("/dev/null", {marks::none}).write("text");
  EXPECT_TRUE(is_stream("/dev/null"));
  expect_error(ExitCode::failure, {"/dev/full", "No space left"},
               [] { TextOutput("/dev/full", {marks::none}).write("text"); });
  expect_error(ExitCode::usage, {"/dev/null", "a pipe or a device"}, [] { AsideFile("/dev/null"); });
}

TEST(OutputPath, AReplacedFileKeepsItsPermissions) {
  const tests::TemporaryFolder folder;
  const auto path = folder.file("file", "");
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
  TextOutput(path, {marks::none}).write("text");
  EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(tests::bytes_of(path), "text");
}

}  // namespace
}  // namespace heddle
