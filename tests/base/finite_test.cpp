#include "heddle/base/finite.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace heddle {
namespace {

template <class T>
void finds_what_is_put_in(DType dtype) {
  std::vector<T> numbers(12, T(1.0f));
  const Tensor tensor{numbers.data(), dtype, {3, 4}};
  EXPECT_FALSE(first_not_finite(tensor));
  numbers[11] = T(std::numeric_limits<float>::quiet_NaN());
  numbers[7] = T(-std::numeric_limits<float>::infinity());
  const auto found = first_not_finite(tensor);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->index, 7);
  EXPECT_EQ(found->value, -std::numeric_limits<double>::infinity());
}

TEST(Finite, TheFirstThatIsNotIsFoundInEveryType) {
  finds_what_is_put_in<float>(DType::f32);
  finds_what_is_put_in<double>(DType::f64);
  finds_what_is_put_in<BFloat16>(DType::bf16);
}

TEST(Finite, AlsoFarBehind) {
  std::vector<float> numbers(10000, std::numeric_limits<float>::max());
  numbers[9001] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(first_not_finite({numbers.data(), DType::f32, {10000}})->index, 9001);
}

TEST(Finite, IntegersAllAre) {
  std::vector<std::int32_t> numbers(4, -1);
  EXPECT_FALSE(first_not_finite({numbers.data(), DType::i32, {4}}));
}

TEST(Finite, PlacesAreTold) {
  EXPECT_EQ(place_in({3, 4}, 7), "[1, 3]");
  EXPECT_EQ(place_in({2, 3, 4}, 23), "[1, 2, 3]");
  EXPECT_EQ(place_in({}, 0), "[]");
  EXPECT_EQ(place_in({2, 3, 4}, 23, {10, 0, 5}), "[11, 2, 8]") << "of a part";
}

}  // namespace
}  // namespace heddle
