// A file that cannot be written whole is refused, and nothing is left of it.
#include "heddle/base/aside_file.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "../support/largest_file.hpp"
#include "heddle/base/error.hpp"

namespace heddle {
namespace {

namespace fs = std::filesystem;

TEST(AsideFile, ATextThatDoesNotFitIsRefused) {
  const fs::path folder = fs::path(testing::TempDir()) / ("aside-" + std::to_string(::getpid()));
  fs::create_directory(folder);
  {
    const tests::LargestFile limit(64);
    EXPECT_NO_THROW(write_text(folder / "short.txt", "short"));
    EXPECT_THROW(write_text(folder / "long.txt", std::string(100, 'x')), Error);
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator()), 1);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace heddle
