// The colours of a picture: which actions are drawn alike, and over what.
#pragma once

#include <array>
#include <string>

#include "heddle/schedule/action.hpp"

namespace heddle::plan {

struct Colour {
  int red, green, blue;
};
constexpr Colour rgb(int hex) { return {hex >> 16 & 255, hex >> 8 & 255, hex & 255}; }
/// "#rrggbb", mixed with white.
std::string paler(const Colour& colour, double white);

/// What is drawn, in this order: no sliver of a wait hides the computation that it ends at.
struct PictureGroup {
  const char* name;
  Colour colour;
  double height;  ///< of a row's
};
inline constexpr std::array groups = {
    PictureGroup{"wait for data", rgb(0xcfcfd8), 0.6}, PictureGroup{"send", rgb(0xb06a9d), 0.6},
    PictureGroup{"gradient sum", rgb(0x8a63a8), 0.6},  PictureGroup{"optimizer", rgb(0x5a5a66), 0.6},
    PictureGroup{"forward", rgb(0x5b8fd0), 1},         PictureGroup{"backward", rgb(0xe39a4f), 1},
    PictureGroup{"input gradient", rgb(0xe9b872), 1},  PictureGroup{"weight gradient", rgb(0x79b58b), 1}};

/// Its place in `groups`.
std::size_t group_of(schedule::ActionKind kind);

}  // namespace heddle::plan
