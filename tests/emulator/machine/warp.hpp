// The state of a block and of a warp of its threads.
#pragma once
#include <array>
#include <bit>
#include <cstring>
#include <string>

#include "emulator/machine/instruction.hpp"

namespace heddle::emulator {

struct Block {
  char* shared = nullptr;
  std::int64_t shared_bytes = 0;
  char* parameters = nullptr;
  std::int64_t parameter_bytes = 0;
  std::array<std::uint32_t, 3> index{};
};

struct Warp {
  Slot* slots = nullptr;  ///< [register][thread]
  Block* block = nullptr;
  char* local = nullptr;  ///< [thread][local_bytes]
  std::int64_t local_bytes = 0;
  int number = 0;

  Mask live = 0, at_barrier = 0;
  Mask waiting = 0;  ///< for the threads that their own masks name
  std::array<Mask, warp_size> awaited{};
  std::array<std::uint32_t, warp_size> pc{};
  std::array<std::uint8_t, warp_size> depth{};
  std::array<std::array<std::uint32_t, 8>, warp_size> called_from{};
  std::array<std::uint8_t, warp_size> carry{};

  Mask predicate(int slot) const { return static_cast<Mask>(slots[slot]); }
  void set_predicate(int slot, Mask value, Mask of) { slots[slot] = (predicate(slot) & ~of) | (value & of); }
  char* local_of(int lane) const { return local + lane * local_bytes; }
};

/// Says which thread did what and where, and ends the process.
[[noreturn]] void fault(const Instruction& in, const Warp& warp, int lane, const std::string& why);

/// Set by what carries out kernels.
void set_current_kernel(const std::string& name);

constexpr Mask bit(int lane) { return Mask{1} << lane; }
constexpr bool holds(Mask mask, int lane) { return (mask >> lane & 1) != 0; }

template <class F>
void each_lane(Mask mask, F f) {
  if (mask == ~Mask{0})
    for (int lane = 0; lane < warp_size; ++lane) f(lane);
  else
    for (; mask; mask &= mask - 1) f(std::countr_zero(mask));
}

template <class T>
T get(const Slot* slots, int lane) {
  T value;
  std::memcpy(&value, slots + lane, sizeof value);
  return value;
}
template <class T>
void put(Slot* slots, int lane, T value) {
  Slot slot = 0;
  std::memcpy(&slot, &value, sizeof value);
  slots[lane] = slot;
}

}  // namespace heddle::emulator
