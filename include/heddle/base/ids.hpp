// Numbers that must not be taken for one another, and lists that know what numbers them.
#pragma once

#include <fmt/core.h>

#include <compare>
#include <cstddef>
#include <functional>
#include <ranges>
#include <utility>
#include <vector>

namespace heddle {

/// The number of one thing of a kind, from 0 on. It counts and compares as an int does; an int becomes an id
/// only where that is written down, and an id of one kind never one of another.
template <class Kind>
class Id {
 public:
  constexpr Id() = default;
  explicit constexpr Id(int number) : number_(number) {}
  template <class Other>
  Id(Id<Other>) = delete;

  constexpr operator int() const { return number_; }
  friend constexpr auto operator<=>(Id, Id) = default;
  friend constexpr Id operator+(Id id, int more) { return Id(id.number_ + more); }
  friend constexpr Id operator-(Id id, int less) { return Id(id.number_ - less); }
  friend constexpr int operator-(Id id, Id other) { return id.number_ - other.number_; }

 private:
  int number_ = 0;
};

using Stage = Id<struct StageKind>;                ///< of the model, in the order of its layers
using PipelineRank = Id<struct PipelineRankKind>;  ///< a coordinate along the pipeline axis

/// A rank of the whole grid. MPI numbers them, so an int is one.
class Rank : public Id<struct RankKind> {
 public:
  constexpr Rank(int number) : Id(number) {}
  template <class Other>
  Rank(Id<Other>) = delete;
};

/// Id(0) to Id(count - 1).
template <class Id>
auto first(int count) {
  return std::views::iota(0, count) | std::views::transform([](int number) { return Id(number); });
}

/// A vector that is indexed by ids of one kind.
template <class Id, class T>
class ById : public std::vector<T> {
 public:
  using std::vector<T>::vector;
  ById(std::vector<T> elements) : std::vector<T>(std::move(elements)) {}

  T& operator[](Id id) { return std::vector<T>::operator[](static_cast<std::size_t>(int{id})); }
  const T& operator[](Id id) const { return std::vector<T>::operator[](static_cast<std::size_t>(int{id})); }
  /// Of its elements, in their order.
  auto ids() const { return first<Id>(static_cast<int>(this->size())); }
};

}  // namespace heddle

template <class Kind>
struct std::hash<heddle::Id<Kind>> {
  std::size_t operator()(heddle::Id<Kind> id) const noexcept { return std::hash<int>()(id); }
};

template <class Kind>
struct fmt::formatter<heddle::Id<Kind>> : fmt::formatter<int> {};
