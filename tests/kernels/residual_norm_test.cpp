// A residual sum and its layer norm in one kernel.
#include "heddle/kernels/residual_norm.hpp"

#include "arrays.hpp"
#include "heddle/kernels/layer_norm.hpp"
#include "heddle/kernels/residual.hpp"

namespace heddle::kernels {
namespace {

struct Outputs {
  Array sum, y, mean, rstd;
  Outputs(DType type, std::int64_t rows, std::int64_t width)
      : sum(type, {rows, width}),
        y(type, {rows, width}),
        mean(compute_type(type), {rows}),
        rstd(compute_type(type), {rows}) {}
};

TEST(ResidualNorm, HasTheBitsOfOneAfterTheOther) {
  constexpr double epsilon = 1e-5;
  constexpr std::int64_t rows = 9;
  for (const DType type : real_types)
    for (const std::int64_t width : {1, 15, 67, 130, 333, 768})
      for (const double rate : {0.0, 0.4})
        for (const bool has_bias : {true, false}) {
          const DType wide = compute_type(type);
          const Dropout dropout{7, 8, rate, 6};
          const Array x(type, {rows, width}, random_values(rows * width, 1));
          const Array branch(type, {rows, width}, random_values(rows * width, 2));
          const Array bias(wide, {width}, random_values(width, 3));
          const Array weight(wide, {width}, random_values(width, 4)),
              shift(wide, {width}, random_values(width, 5));
          const Tensor added = has_bias ? Tensor(bias) : Tensor{};
          Outputs apart(type, rows, width), at_once(type, rows, width);
          residual(lane(), x, branch, added, dropout, apart.sum);
          layer_norm(lane(), apart.sum, weight, shift, epsilon, apart.y, apart.mean, apart.rstd);
          residual_norm(lane(), {x, branch, added, dropout, at_once.sum},
                        {weight, shift, epsilon, at_once.y, at_once.mean, at_once.rstd});
          EXPECT_TRUE(at_once.sum.same_bits(apart.sum)) << width;
          EXPECT_TRUE(at_once.y.same_bits(apart.y)) << width;
          EXPECT_TRUE(at_once.mean.same_bits(apart.mean)) << width;
          EXPECT_TRUE(at_once.rstd.same_bits(apart.rstd)) << width;
        }
}

}  // namespace
}  // namespace heddle::kernels
