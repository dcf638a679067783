// How one logical tensor lies over the ranks of an axis, as a type. The maps of the table are typed by
// it, and the adjoint of a map runs between the duals of its types; that is why a backward pass never has
// to be derived twice (Hewett & Grady, "A Linear Algebraic Approach to Model Parallelism in Deep
// Learning", arXiv 2006.03108).
#pragma once

#include <array>
#include <string>

#include "heddle/maps/axis.hpp"

namespace heddle::maps {

/// The way a tensor lies along one axis.
///  - whole:   one logical tensor, of which every rank holds an equal copy. Its cotangent is whole too.
///  - copied:  as many independent tensors as ranks, equal in value: what a broadcast makes of a whole one.
///             Its cotangents differ from rank to rank, they are partial.
///  - partial: the logical tensor is the sum of the ranks' tensors.
///  - log_partial: the logical tensor is log(sum over the ranks of exp(tensor)), each rank's part of a log-sum-exp;
///             nothing is differentiated through it.
///  - first:   the first rank of the group holds it; what the others have in its place does not count.
///  - split:   rank i holds block i of dim `dim`; blocks are balanced, the first `n mod P` one larger.
struct Part {
  enum class Kind : std::uint8_t { whole, copied, partial, log_partial, first, split };
  Kind kind = Kind::whole;
  int dim = -1;  ///< of the tensor, only for split

  friend constexpr bool operator==(const Part&, const Part&) = default;
};
inline constexpr Part whole{Part::Kind::whole}, copied{Part::Kind::copied}, partial{Part::Kind::partial},
    log_partial{Part::Kind::log_partial}, first{Part::Kind::first};
constexpr Part split(int dim) { return {Part::Kind::split, dim}; }

/// The layout of the cotangent: whole <-> whole, first <-> first, split <-> split, copied <-> partial.
Part dual(Part part);
/// "whole", "copied", "partial", "log_partial", "first", "split(0)".
std::string name(Part part);

/// One Part for each axis.
class Layout {
 public:
  constexpr Part& operator[](Axis axis) { return parts_[static_cast<int>(axis)]; }
  constexpr Part operator[](Axis axis) const { return parts_[static_cast<int>(axis)]; }
  /// This layout with another Part along one axis.
  constexpr Layout with(Axis axis, Part part) const {
    Layout layout = *this;
    layout[axis] = part;
    return layout;
  }
  friend constexpr bool operator==(const Layout&, const Layout&) = default;

 private:
  /// Element by element: GCC 12 leaves some of `parts_{}` without their members' defaults.
  static constexpr std::array<Part, axis_count> all_whole() {
    std::array<Part, axis_count> parts;
    parts.fill(whole);
    return parts;
  }

  std::array<Part, axis_count> parts_ = all_whole();
};
/// Of what a model is fed: split over its first dim along the axes that split rows.
Layout input_layout();
Layout dual(const Layout& layout);
/// "[data split(0), tensor copied]"; axes that are whole are left out, "[]" for all whole.
std::string name(const Layout& layout);

}  // namespace heddle::maps
