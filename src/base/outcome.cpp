#include "heddle/base/outcome.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace heddle {
namespace {

bool output_is_lost() { return std::fflush(stdout) != 0 || std::ferror(stdout) != 0; }

Error lost_output() {
  return {ExitCode::failure, "standard output: cannot write all of it", std::strerror(errno)};
}

}  // namespace

Outcome outcome_of(const std::function<void()>& body) {
  try {
    body();
    flush_output();
  } catch (const Error& error) {
    return {error.code(), error.what()};
  } catch (const std::exception& error) {
    return {ExitCode::failure, output_is_lost() ? lost_output().what() : error.what()};
  }
  return {};
}

void flush_output() {
  if (output_is_lost()) throw lost_output();
}

}  // namespace heddle
