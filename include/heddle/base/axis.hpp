// The axes of the grid over which a model is laid out, and what each does: the one table that deck, maps and
// passes ask. An axis is of the grid, a dim of a tensor.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "heddle/base/error.hpp"

#ifndef HEDDLE_AXES
#define HEDDLE_AXES "heddle/base/axes.inc"
#endif

namespace heddle {

enum class Axis : std::uint8_t {
#define HEDDLE_AXIS(name, ...) name,
#include HEDDLE_AXES
#undef HEDDLE_AXIS
};

struct AxisTraits {
  bool splits_rows = false;     ///< the model's inputs lie split over their rows along it
  bool cuts_stages = false;     ///< its ranks hold different stages of one model; no value lies along it
  bool shards_weights = false;  ///< ops may split a weight along it
};

struct AxisRow {
  Axis axis;
  std::string_view name;
  AxisTraits traits;
};

inline constexpr std::array axis_table = {
#define HEDDLE_AXIS(name, ...) AxisRow{Axis::name, #name, {__VA_ARGS__}},
#include HEDDLE_AXES
#undef HEDDLE_AXIS
};
inline constexpr int axis_count = static_cast<int>(axis_table.size());

inline constexpr std::array<Axis, axis_count> all_axes = [] {
  std::array<Axis, axis_count> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = axis_table[i].axis;
  return all;
}();

constexpr std::string_view name(Axis axis) { return axis_table[static_cast<std::size_t>(axis)].name; }
constexpr const AxisTraits& traits(Axis axis) { return axis_table[static_cast<std::size_t>(axis)].traits; }

/// A number of ranks for each axis; 1 for those that are not given.
class AxisExtents {
 public:
  constexpr AxisExtents() { extents_.fill(1); }
  /// In the order of the table.
  constexpr AxisExtents(std::initializer_list<int> extents) : AxisExtents() {
    HEDDLE_EXPECT(extents.size() <= extents_.size());
    std::size_t i = 0;
    for (int extent : extents) extents_[i++] = extent;
  }
  constexpr int& operator[](Axis axis) { return extents_[static_cast<std::size_t>(axis)]; }
  constexpr int operator[](Axis axis) const { return extents_[static_cast<std::size_t>(axis)]; }
  friend constexpr bool operator==(const AxisExtents&, const AxisExtents&) = default;

 private:
  std::array<int, axis_count> extents_{};
};

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

/// Along which the ranks hold parts of one stage: all axes but the pipeline's.
inline constexpr AxisSet within_stage = [] {
  AxisSet set;
  for (const AxisRow& row : axis_table)
    if (!row.traits.cuts_stages) set = set | row.axis;
  return set;
}();

/// "data", "data*tensor", "" for none.
std::string name(AxisSet set);

}  // namespace heddle
