// Dropout by counters, alone and within the residual connection.
#include "heddle/kernels/dropout.hpp"

#include "arrays.hpp"
#include "heddle/kernels/residual.hpp"

namespace heddle::kernels {
namespace {

const std::uint64_t key = random_key("layers.3.dropout", 17);

TEST(Dropout, AgreesWithItsReferenceAtAnyRateRowAndWidth) {
  for (DType type : real_types)
    for (double rate : {0.0, 0.1, 0.5, 0.999})
      for (std::int64_t width : {1, 3, 64, 331})
        for (std::int64_t first_row : {0, 1, 1000003}) {
          const std::int64_t rows = 23;
          const Dropout drop{key, 5, rate, first_row};
          const Vector x = random_values(rows * width, 1);
          Array y(type, {rows, width});
          dropout(lane(), Array(type, {rows, width}, x), drop, y);
          expect_close(y, reference::dropout(x, drop, width), 2);
        }
}

TEST(Dropout, MaskIsTheSameUnderAnySplitOfTheRows) {
  const std::int64_t rows = 14, width = 37;
  const Vector x = random_values(rows * width, 1);
  Array whole(DType::f32, {rows, width});
  dropout(lane(), Array(DType::f32, {rows, width}, x), {key, 2, 0.3, 100}, whole);
  Vector joined;
  for (std::int64_t first = 0, part = 1; first < rows; first += part, ++part) {
    const std::int64_t held = std::min(part, rows - first);
    Array block(DType::f32, {held, width});
    dropout(lane(),
            Array(DType::f32, {held, width},
                  Vector(x.begin() + first * width, x.begin() + (first + held) * width)),
            {key, 2, 0.3, 100 + first}, block);
    for (double value : block.values()) joined.push_back(value);
  }
  EXPECT_EQ(joined, whole.values());
}

TEST(Dropout, IsItsOwnAdjointAndKeepsTheRightShare) {
  const std::int64_t rows = 101, width = 97;
  const Vector x = random_values(rows * width, 1), y = random_values(rows * width, 2);
  const Dropout drop{key, 1, 0.25, 3};
  Array fx(DType::f64, {rows, width}), fy(DType::f64, {rows, width});
  dropout(lane(), Array(DType::f64, {rows, width}, x), drop, fx);
  dropout(lane(), Array(DType::f64, {rows, width}, y), drop, fy);
  EXPECT_NEAR(inner_product(fx.values(), y), inner_product(x, fy.values()), 1e-10);
  const Vector kept = fx.values();
  const double share = double(kept.size() - std::count(kept.begin(), kept.end(), 0.0)) / double(kept.size());
  EXPECT_NEAR(share, 0.75, 0.02);
}

TEST(Residual, AgreesWithItsReference) {
  for (DType type : real_types)
    for (double rate : {0.0, 0.4})
      for (std::int64_t width : {1, 130}) {
        const std::int64_t rows = 9;
        const Dropout drop{key, 8, rate, 6};
        const Vector x = random_values(rows * width, 1), branch = random_values(rows * width, 2);
        const Vector bias = random_values(width, 3);
        const Array xs(type, {rows, width}, x), branches(type, {rows, width}, branch);
        Array y(type, {rows, width});
        residual(lane(), xs, branches, Array(compute_type(type), {width}, bias), drop, y);
        expect_close(y, reference::residual(x, branch, bias, drop));
        residual(lane(), xs, branches, no_tensor, drop, y);
        expect_close(y, reference::residual(x, branch, Vector(width, 0.0), drop));
      }
}

}  // namespace
}  // namespace heddle::kernels
