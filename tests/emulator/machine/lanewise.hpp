// Operations that each thread does for itself, and the types in which they do it.
#pragma once
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

#include "emulator/machine/warp.hpp"

namespace heddle::emulator {

template <class T>
struct Tag {};

template <class F>
bool with_integer(const std::string& type, F f) {
  if (type == "u8" || type == "b8")
    f(Tag<std::uint8_t>{});
  else if (type == "s8")
    f(Tag<std::int8_t>{});
  else if (type == "u16" || type == "b16")
    f(Tag<std::uint16_t>{});
  else if (type == "s16")
    f(Tag<std::int16_t>{});
  else if (type == "u32" || type == "b32")
    f(Tag<std::uint32_t>{});
  else if (type == "s32")
    f(Tag<std::int32_t>{});
  else if (type == "u64" || type == "b64")
    f(Tag<std::uint64_t>{});
  else if (type == "s64")
    f(Tag<std::int64_t>{});
  else
    return false;
  return true;
}
template <class F>
bool with_float(const std::string& type, F f) {
  if (type == "f32")
    f(Tag<float>{});
  else if (type == "f64")
    f(Tag<double>{});
  else
    return false;
  return true;
}
template <class F>
bool with_type(const std::string& type, F f) {
  return with_integer(type, f) || with_float(type, f);
}

/// A function without state of each thread's sources.
template <class Result, class... Sources, class F>
Instruction::Run lanewise(F) {
  return [](const Instruction& in, Warp& w, Mask mask) {
    [&]<std::size_t... i>(std::index_sequence<i...>) {
      Slot* to = w.slots + in.to[0];
      const Slot* from[] = {w.slots + in.from[i]...};
      each_lane(mask,
                [&](int l) { put<Result>(to, l, static_cast<Result>(F{}(get<Sources>(from[i], l)...))); });
    }
    (std::index_sequence_for<Sources...>{});
  };
}

/// Signed numbers fill the whole register.
template <class T>
void put_extended(Slot* slots, int lane, T value) {
  if constexpr (std::is_integral_v<T> && std::is_signed_v<T>)
    put<std::int64_t>(slots, lane, value);
  else
    put<T>(slots, lane, value);
}

template <class T>
using Unsigned = std::make_unsigned_t<T>;

}  // namespace heddle::emulator
