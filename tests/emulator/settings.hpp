// What the environment sets: README.md lists it.
#pragma once
#include <chrono>
#include <cstdint>

namespace heddle::emulator {

int gpus();
std::uint64_t seed();
std::chrono::microseconds delay();
bool verbose();

}  // namespace heddle::emulator
