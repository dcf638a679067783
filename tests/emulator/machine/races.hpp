// Races of a block's warps in its shared memory, between one barrier and the next, whatever the order in which warps came.
#pragma once
#include <cstdint>
#include <vector>

namespace heddle::emulator {

enum class Touch : std::uint8_t { read, write, atomic };

class Races {
 public:
  explicit Races(std::size_t bytes) : touched_(bytes) {}

  /// All threads of the block have met.
  void meet() { ++epoch_; }
  /// What is wrong with a warp's touch of these bytes, or null. Atomics race with none.
  const char* note(std::uint32_t offset, std::int64_t bytes, Touch touch, int warp);

 private:
  /// Of a byte, by whom and in which epoch.
  struct Touched {
    std::uint32_t written = 0, read = 0;
    std::int16_t writer = 0, reader = 0;
  };
  static constexpr std::int16_t several = -1;

  std::vector<Touched> touched_;
  std::uint32_t epoch_ = 1;
};

/// Of the block that runs.
Races& races();

}  // namespace heddle::emulator
