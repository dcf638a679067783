// The axes of the grid over which a model is laid out. An axis is of the grid, a dim of a tensor.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace heddle::maps {

enum class Axis : std::uint8_t { data, pipeline, tensor };
inline constexpr int axis_count = 3;
inline constexpr std::array<Axis, axis_count> all_axes = {Axis::data, Axis::pipeline, Axis::tensor};

constexpr std::string_view name(Axis axis) {
  constexpr std::string_view names[] = {"data", "pipeline", "tensor"};
  return names[static_cast<int>(axis)];
}

/// A set of axes; the ranks that differ only along them form one communicator.
class AxisSet {
 public:
  constexpr AxisSet() = default;
  constexpr AxisSet(Axis axis) : bits_(1u << static_cast<int>(axis)) {}
  constexpr bool contains(Axis axis) const { return bits_ >> static_cast<int>(axis) & 1u; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr AxisSet operator|(AxisSet other) const { return AxisSet(bits_ | other.bits_); }
  constexpr AxisSet operator-(AxisSet other) const { return AxisSet(bits_ & ~other.bits_); }
  constexpr std::uint32_t bits() const { return bits_; }
  constexpr auto operator<=>(const AxisSet&) const = default;

 private:
  constexpr explicit AxisSet(std::uint32_t bits) : bits_(bits) {}
  std::uint32_t bits_ = 0;
};
constexpr AxisSet operator|(Axis a, Axis b) { return AxisSet(a) | AxisSet(b); }

/// "data", "data*tensor", "" for none.
std::string name(AxisSet axes);

}  // namespace heddle::maps
