// An id of one kind is none of another; what the compiler must refuse is asked of it.
#include "heddle/base/ids.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <type_traits>

#include "../support/ids.hpp"

namespace heddle {
namespace {

template <class A, class B>
concept ComparedWith = requires(A a, B b) {
  a == b;
};
template <class A, class B>
concept AddedTo = requires(A a, B b) {
  a + b;
};
template <class List, class Index>
concept IndexedBy = requires(List list, Index index) {
  list[index];
};

static_assert(!std::is_constructible_v<PipelineRank, Stage> && !std::is_assignable_v<PipelineRank&, Stage>);
static_assert(!std::is_constructible_v<Rank, PipelineRank> && !std::is_constructible_v<Rank, Stage>);
static_assert(!ComparedWith<Stage, PipelineRank> && !AddedTo<Stage, PipelineRank>);
static_assert(ComparedWith<Stage, Stage> && ComparedWith<Stage, int>);
static_assert(std::is_constructible_v<Stage, int> && !std::is_convertible_v<int, Stage>);
static_assert(std::is_convertible_v<Stage, int> && std::is_convertible_v<int, Rank>);
static_assert(IndexedBy<ById<Stage, double>, Stage>);
static_assert(!IndexedBy<ById<Stage, double>, PipelineRank> && !IndexedBy<ById<Stage, double>, int>);

TEST(Ids, CountAndCompareAsTheirNumbersDo) {
  const Stage stage(3);
  EXPECT_EQ(stage + 1, Stage(4));
  EXPECT_EQ(stage - Stage(1), 2);
  EXPECT_LT(stage, 5);
  EXPECT_EQ(fmt::format("{:>3}", stage), "  3");
}

TEST(Ids, AListKnowsThoseOfItsElements) {
  const ById<Stage, char> list = std::vector{'a', 'b'};
  std::vector<Stage> found;
  for (const Stage stage : list.ids()) found.push_back(stage);
  EXPECT_EQ(found, tests::ids<Stage>({0, 1}));
  EXPECT_EQ(list[Stage(1)], 'b');
}

}  // namespace
}  // namespace heddle
