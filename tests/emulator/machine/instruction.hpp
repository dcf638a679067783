// An instruction as it is carried out: its operands are slots of a warp, what it does is a function.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace heddle::emulator {

constexpr int warp_size = 32;
using Mask = std::uint32_t;  ///< a bit for each thread of a warp
/// A register of one thread. Of a predicate the first thread's slot holds the bits of all.
using Slot = std::uint64_t;

struct Warp;

enum class Kind : std::uint8_t { plain, branch, call, ret, exit, barrier, warp_sync };
enum class Space : std::uint8_t { generic, shared, local };

struct Instruction {
  using Run = void (*)(const Instruction&, Warp&, Mask);
  static constexpr int address = 4;  ///< in `from`

  Run run = nullptr;
  Run inner = nullptr;  ///< what `run` does in another rounding
  Kind kind = Kind::plain;
  Space space = Space::generic;
  bool negated = false;  ///< the predicate
  int predicate = -1;    ///< a slot of the first thread, as those below, or none
  std::array<int, 4> to{-1, -1, -1, -1};
  std::array<int, 5> from{-1, -1, -1, -1, -1};
  int count = 1;  ///< of results, or of what is stored
  int mode = 0;   ///< means what `run` takes it for
  std::int64_t offset = 0;
  std::uint32_t target = 0;

  /// Within a thread's local memory.
  struct Copy {
    std::int64_t to, from, bytes;
  };
  struct Details {
    std::vector<Copy> arguments, results;
    std::string text, target_name;
  };
  std::shared_ptr<Details> details;  ///< apart, so that what runs lies close together
};

}  // namespace heddle::emulator
