// A deck that is right, and what a wrong one says.
#pragma once

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "heddle/deck/check.hpp"
#include "heddle/deck/print.hpp"
#include "heddle/deck/read.hpp"

namespace heddle::deck {

using Lines = std::vector<std::string>;

inline const std::string good = R"([model]
layers = 2
heads = 6
width = 48
context = 32
vocabulary = 256
[train]
steps = 10
batch = 8
)";

/// The lines of the DeckError that `f` throws; none when it throws nothing.
template <class F>
Lines complaints(F&& f) {
  Lines lines;
  try {
    f();
  } catch (const DeckError& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    std::istringstream text(error.what());
    for (std::string line; std::getline(text, line);) lines.push_back(line);
  }
  return lines;
}

inline Lines complaints_of(const std::string& text, const Lines& overrides = {}) {
  return complaints([&] { check(parse(text, "d.toml", overrides)); });
}
inline Lines complaints_with(const Lines& overrides) { return complaints_of(good, overrides); }

}  // namespace heddle::deck
