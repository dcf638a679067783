#include "heddle/base/error.hpp"

#include <fmt/format.h>

namespace heddle {

std::string describe(const std::string& problem, const std::string& why, const std::string& fix) {
  std::string text = problem;
  if (!why.empty()) text += fmt::format(" ({})", why);
  if (!fix.empty()) text += "; " + fix;
  return text;
}

void contract_violated(const char* condition, const char* file, int line) {
  throw Error(ExitCode::failure, fmt::format("{}:{}: internal contract broken: {}", file, line, condition),
              "this is a mistake in Heddle, not in your deck",
              "please report it with the deck that led here");
}

}  // namespace heddle
