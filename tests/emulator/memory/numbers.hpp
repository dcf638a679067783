// Numbers of a matrix on the device, in the types that libraries are told.
#pragma once
#include <cstdint>
#include <cstring>

#include "emulator/bf16.hpp"

namespace heddle::emulator {

template <class T>
T read_as(const char* at, std::int64_t i) {
  T value;
  std::memcpy(&value, at + static_cast<std::int64_t>(sizeof value) * i, sizeof value);
  return value;
}
template <class T>
void write_as(char* at, std::int64_t i, T value) {
  std::memcpy(at + static_cast<std::int64_t>(sizeof value) * i, &value, sizeof value);
}

enum class Number : std::uint8_t { bf16, f32, f64 };

constexpr std::int64_t bytes_of(Number type) { return type == Number::f64 ? 8 : type == Number::f32 ? 4 : 2; }

inline double read_number(const char* at, Number type, std::int64_t i) {
  if (type == Number::f64) return read_as<double>(at, i);
  return type == Number::f32 ? read_as<float>(at, i) : from_bf16(read_as<std::uint16_t>(at, i));
}
inline void write_number(char* at, Number type, std::int64_t i, double value) {
  if (type == Number::f64) return write_as(at, i, value);
  const auto narrow = static_cast<float>(value);
  return type == Number::f32 ? write_as(at, i, narrow) : write_as(at, i, to_bf16(narrow));
}

}  // namespace heddle::emulator
