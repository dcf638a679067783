// Whether a person looks at what is printed.
#pragma once

#include <string>

namespace heddle {

/// A launcher gives every rank a terminal to write to, and none to read from.
bool is_terminal(int descriptor);

enum class Colour { red, yellow, green };
/// `text` in this colour where the descriptor leads to a terminal that has colours and whose user wants them: NO_COLOR (https://no-color.org) is
/// not set and TERM is not "dumb". Else as it is.
std::string coloured(Colour colour, const std::string& text, int descriptor);

/// To stderr, in red and in yellow, and at once.
void print_error(const std::string& text);
void print_warning(const std::string& text);

}  // namespace heddle
