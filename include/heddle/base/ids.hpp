// Numbers that must not be taken for one another, and lists that know what numbers them.
#pragma once

#include <fmt/core.h>

#include <compare>
#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

namespace heddle {

/// The number of one thing of a kind, from 0 on. It counts and compares as an int does; an int becomes an id
/// only where that is written down, and an id of one kind is not made of, compared with or added to one of
/// another.
template <class Kind>
class Id {
 public:
  constexpr Id() = default;
  explicit constexpr Id(int number) : number_(number) {}
  template <class Other>
  Id(Id<Other>) = delete;

  constexpr operator int() const { return number_; }
  constexpr Id& operator++() {
    ++number_;
    return *this;
  }
  friend constexpr auto operator<=>(Id, Id) = default;
  friend constexpr Id operator+(Id id, int more) { return Id(id.number_ + more); }
  friend constexpr Id operator-(Id id, int less) { return Id(id.number_ - less); }
  friend constexpr int operator-(Id id, Id other) { return id.number_ - other.number_; }

 private:
  int number_ = 0;
};

template <class Kind, class Other>
requires(!std::is_same_v<Kind, Other>) bool operator==(Id<Kind>, Id<Other>) = delete;
template <class Kind, class Other>
Id<Kind> operator+(Id<Kind>, Id<Other>) = delete;

using Stage = Id<struct StageKind>;                ///< of the model, in the order of its layers
using PipelineRank = Id<struct PipelineRankKind>;  ///< a coordinate along the pipeline axis

/// A rank of the whole grid. MPI numbers them, so an int is one.
class Rank : public Id<struct RankKind> {
 public:
  constexpr Rank(int number) : Id(number) {}
  template <class Other>
  Rank(Id<Other>) = delete;
};

/// Ids in their order, to loop over.
template <class Id>
class Ids {
 public:
  class Iterator {
   public:
    explicit constexpr Iterator(Id id) : id_(id) {}
    constexpr Id operator*() const { return id_; }
    constexpr Iterator& operator++() {
      ++id_;
      return *this;
    }
    friend constexpr bool operator==(Iterator, Iterator) = default;

   private:
    Id id_;
  };

  explicit constexpr Ids(int count) : end_(count < 0 ? 0 : count) {}
  constexpr Iterator begin() const { return Iterator(Id(0)); }
  constexpr Iterator end() const { return Iterator(end_); }

 private:
  Id end_;
};

/// Id(0) to Id(count - 1).
template <class Id>
constexpr Ids<Id> first(int count) {
  return Ids<Id>(count);
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
  Ids<Id> ids() const { return first<Id>(static_cast<int>(this->size())); }
};

}  // namespace heddle

template <class Kind>
struct fmt::formatter<heddle::Id<Kind>> : fmt::formatter<int> {};
template <>
struct fmt::formatter<heddle::Rank> : fmt::formatter<int> {};
