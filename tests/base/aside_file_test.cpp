// A file that cannot be written whole is refused, and nothing is left of it.
#include "heddle/base/aside_file.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "heddle/base/error.hpp"

namespace heddle {
namespace {

namespace fs = std::filesystem;

/// As long as it lives, no file of this process grows beyond `bytes`, as on a full disk.
class LargestFile {
 public:
  explicit LargestFile(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~LargestFile() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int);
};

TEST(AsideFile, ATextThatDoesNotFitIsRefused) {
  const fs::path folder = fs::path(testing::TempDir()) / ("aside-" + std::to_string(::getpid()));
  fs::create_directory(folder);
  {
    const LargestFile limit(64);
    EXPECT_NO_THROW(write_text(folder / "short.txt", "short"));
    EXPECT_THROW(write_text(folder / "long.txt", std::string(100, 'x')), Error);
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator()), 1);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace heddle
