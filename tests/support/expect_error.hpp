// Demands a heddle::Error with an exit code and with words that a person needs to see.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

#include "heddle/base/error.hpp"

namespace heddle::tests {

template <class F>
void expect_error(ExitCode code, std::initializer_list<std::string> words, F&& body) {
  try {
    body();
  } catch (const Error& error) {
    EXPECT_EQ(static_cast<int>(error.code()), static_cast<int>(code)) << error.what();
    for (const auto& word : words)
      EXPECT_NE(std::string(error.what()).find(word), std::string::npos)
          << "`" << word << "` is not in: " << error.what();
    return;
  }
  ADD_FAILURE() << "no error was thrown";
}

}  // namespace heddle::tests
