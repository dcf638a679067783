// A dense row-major tensor that somebody else owns: what kernels, maps and files are handed.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>

#include "heddle/base/dtype.hpp"
#include "heddle/base/error.hpp"

namespace heddle {

/// Extents of a dense tensor, outermost first. Rank 0 is a scalar.
class Shape {
 public:
  static constexpr int max_rank = 6;

  constexpr Shape() = default;
  constexpr Shape(std::initializer_list<std::int64_t> extents) {
    for (auto extent : extents) push_back(extent);
  }
  constexpr void push_back(std::int64_t extent) {
    HEDDLE_EXPECT(rank_ < max_rank);
    extents_[rank_++] = extent;
  }
  constexpr int rank() const { return rank_; }
  constexpr std::int64_t operator[](int dim) const { return extents_[dim]; }
  constexpr std::int64_t& operator[](int dim) { return extents_[dim]; }
  constexpr const std::int64_t* begin() const { return extents_.data(); }
  constexpr const std::int64_t* end() const { return extents_.data() + rank_; }

  /// Product of the extents of dims [first, last).
  constexpr std::int64_t count(int first, int last) const {
    std::int64_t product = 1;
    for (int dim = first; dim < last; ++dim) product *= extents_[dim];
    return product;
  }
  constexpr std::int64_t count() const { return count(0, rank_); }

  friend constexpr bool operator==(const Shape& a, const Shape& b) {
    if (a.rank_ != b.rank_) return false;
    for (int dim = 0; dim < a.rank_; ++dim)
      if (a.extents_[dim] != b.extents_[dim]) return false;
    return true;
  }

 private:
  std::array<std::int64_t, max_rank> extents_{};
  int rank_ = 0;
};

/// Row-major, contiguous, not owned.
struct Tensor {
  void* data = nullptr;
  DType dtype = DType::f32;
  Shape shape;

  std::int64_t count() const { return shape.count(); }
  std::int64_t bytes() const { return count() * size_of(dtype); }
  template <class T>
  T* as() const {
    HEDDLE_EXPECT(dtype == dtype_of<T>());
    return static_cast<T*>(data);
  }
};

}  // namespace heddle
