// How the emulator ends a program that did what a GPU does not forgive, or what the emulator does not know.
#pragma once
#include <fmt/format.h>

#include <string>
#include <utility>

namespace heddle::emulator {

[[noreturn]] void end_program(const std::string& why);

template <class... Arguments>
[[noreturn]] void fail(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
  end_program(fmt::format(text, std::forward<Arguments>(arguments)...));
}

/// Of a call of the system.
void must(bool good, const char* call);

}  // namespace heddle::emulator
