#include "heddle/base/cache_folder.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace heddle {
namespace {

/// Empty: unset.
void set(const char* variable, const char* value) {
  if (*value)
    setenv(variable, value, 1);
  else
    unsetenv(variable);
}

std::string folder(const char* own, const char* caches, const char* home) {
  set("HEDDLE_CACHE", own);
  set("XDG_CACHE_HOME", caches);
  set("HOME", home);
  return cache_folder();
}

TEST(CacheFolder, IsTheFirstThatTheEnvironmentNames) {
  EXPECT_EQ(folder("/own", "/caches", "/home/me"), "/own");
  EXPECT_EQ(folder("", "/caches", "/home/me"), "/caches/heddle");
  EXPECT_EQ(folder("", "", "/home/me"), "/home/me/.cache/heddle");
  EXPECT_EQ(folder("", "", ""), "");
  folder("", "/caches", "");
  setenv("HEDDLE_CACHE", "", 1);
  EXPECT_EQ(cache_folder(), "/caches/heddle") << "what is empty names nothing";
}

}  // namespace
}  // namespace heddle
