// Initial parameters, whole and in blocks.
#include "heddle/kernels/fill_normal.hpp"

#include "arrays.hpp"

namespace heddle::kernels {
namespace {

TEST(FillNormal, AgreesWithItsReferenceInAnyBlock) {
  const Shape global{3, 5, 7, 4};
  for (DType type : compute_types) {
    const Box box{global, {0, 2, 3, 0}};
    Array y(type, {3, 3, 2, 4});
    fill_normal(lane(), y, 42, 0.02, box);
    expect_close(y, reference::fill_normal({3, 3, 2, 4}, 42, 0.02, box), 1);
  }
}

TEST(FillNormal, BlocksOfTheLastDimAndScalars) {
  const Box box{{6, 5}, {2, 1}};
  Array y(DType::f64, {3, 4}), scalar(DType::f64, {}), none(DType::f64, {0, 5});
  fill_normal(lane(), y, 1, 1, box);
  expect_close(y, reference::fill_normal({3, 4}, 1, 1, box), 1);
  fill_normal(lane(), scalar, 1, 1, {});
  expect_close(scalar, {normal_at(1, 0, 0)}, 1);
  fill_normal(lane(), none, 1, 1, {{6, 5}, {6, 0}});
}

TEST(FillNormal, AgreesWithItsReferenceFarOutAndAcrossTheEndsOfPacks) {
  const std::int64_t rows = 4001, width = 131;
  const Box box{{rows, width}, {0, 0}};
  Array y(DType::f64, {rows, width});
  fill_normal(lane(), y, 7, 1, box);
  const Vector expected = reference::fill_normal({rows, width}, 7, 1, box), values = y.values();
  for (std::size_t i = 0; i < values.size(); ++i)
    ASSERT_NEAR(values[i], expected[i], 1e-15 * std::max(1.0, std::abs(expected[i]))) << i;
}

TEST(FillNormal, HasTheMomentsOfANormal) {
  const std::int64_t count = 100000;
  Array y(DType::f64, {count});
  fill_normal(lane(), y, random_key("embedding.token", 1), 0.5, {{count}, {0}});
  double mean = 0;
  for (double value : y.values()) mean += value / count;
  EXPECT_NEAR(mean, 0, 0.01);
  EXPECT_NEAR(inner_product(y.values(), y.values()) / count, 0.25, 0.005);
}

}  // namespace
}  // namespace heddle::kernels
