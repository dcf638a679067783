#include "emulator/settings.hpp"

#include <cstdlib>

namespace heddle::emulator {
namespace {

std::uint64_t number(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text ? std::strtoull(text, nullptr, 0) : otherwise;
}

}  // namespace

int gpus() { return static_cast<int>(number("HEDDLE_EMULATOR_GPUS", 1)); }
std::uint64_t seed() { return number("HEDDLE_EMULATOR_SEED", 1); }

std::chrono::microseconds delay() {
  static const std::uint64_t set = number("HEDDLE_EMULATOR_DELAY_US", 0);
  return std::chrono::microseconds(set);
}

bool verbose() {
  static const bool set = std::getenv("HEDDLE_EMULATOR_VERBOSE") != nullptr;
  return set;
}

}  // namespace heddle::emulator
