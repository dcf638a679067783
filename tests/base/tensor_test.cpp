// Shapes, dtypes and the errors that guard them.
#include "heddle/base/tensor.hpp"

#include <gtest/gtest.h>

namespace heddle {
namespace {

TEST(Shape, CountsItsElements) {
  EXPECT_EQ(Shape({2, 3, 4}).count(), 24);
  EXPECT_EQ(Shape({2, 3, 4}).count(1, 3), 12);
  EXPECT_EQ(Shape().count(), 1);
  EXPECT_EQ(Shape({5, 0}).count(), 0);
}

TEST(Shape, IsEqualWhenAllExtentsAre) {
  EXPECT_EQ(Shape({2, 3}), Shape({2, 3}));
  EXPECT_NE(Shape({2, 3}), Shape({3, 2}));
  EXPECT_NE(Shape({2}), Shape({2, 1}));
}

TEST(Shape, RefusesTooManyDims) { EXPECT_THROW(Shape({1, 1, 1, 1, 1, 1, 1}), Error); }

TEST(Tensor, KnowsItsBytesAndRefusesAnotherType) {
  float numbers[6] = {};
  const Tensor tensor{numbers, DType::f32, {2, 3}};
  EXPECT_EQ(tensor.bytes(), 24);
  EXPECT_EQ(tensor.as<float>(), numbers);
  EXPECT_THROW(tensor.as<double>(), Error);
}

TEST(WithReal, PicksTheTypeAndRefusesIntegers) {
  EXPECT_EQ(with_real(DType::f32, [](auto zero) { return sizeof(zero); }), 4u);
  EXPECT_EQ(with_real(DType::f64, [](auto zero) { return sizeof(zero); }), 8u);
  EXPECT_THROW(with_real(DType::i32, [](auto zero) { return sizeof(zero); }), Error);
}

TEST(Error, SaysProblemWhyAndFix) {
  EXPECT_EQ(describe("heads = 6 is odd", "halves are needed", "try 8"),
            "heads = 6 is odd (halves are needed); try 8");
  EXPECT_EQ(describe("no such file", "", ""), "no such file");
  EXPECT_EQ(Error(ExitCode::usage, "no such file").code(), ExitCode::usage);
}

}  // namespace
}  // namespace heddle
