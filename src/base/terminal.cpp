#include "heddle/base/terminal.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "heddle/base/environment.hpp"

namespace heddle {
namespace {

/// As ECMA-48 selects it.
int number_of(Colour colour) {
  switch (colour) {
    case Colour::red: return 31;
    case Colour::yellow: return 33;
    default: return 32;
  }
}

}  // namespace

bool is_terminal(int descriptor) { return isatty(STDIN_FILENO) == 1 && isatty(descriptor) == 1; }

std::string coloured(Colour colour, const std::string& text, int descriptor) {
  const bool wanted =
      is_terminal(descriptor) && environment("NO_COLOR").empty() && environment("TERM") != "dumb";
  return wanted ? fmt::format("\x1b[{}m{}\x1b[0m", number_of(colour), text) : text;
}

void print_error(const std::string& text) {
  fmt::print(stderr, "{}\n", coloured(Colour::red, text, STDERR_FILENO));
  std::fflush(stderr);
}

void print_warning(const std::string& text) {
  fmt::print(stderr, "{}\n", coloured(Colour::yellow, text, STDERR_FILENO));
  std::fflush(stderr);
}

}  // namespace heddle
