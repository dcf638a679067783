// Cross entropy over a vocabulary in blocks, put together by hand as the maps over the tensor axis do.
#include "heddle/kernels/cross_entropy.hpp"

#include "arrays.hpp"

namespace heddle::kernels {
namespace {

TEST(CrossEntropy, KernelsAgreeWithTheirReferences) {
  for (DType type : real_types)
    for (std::int64_t width : {0, 1, 31, 257}) {
      const std::int64_t rows = 13, first_token = 5;
      const Vector logits = random_values(rows * width, 1), dsums = random_values(2 * rows, 2);
      const Tokens targets = random_tokens(rows, static_cast<std::int32_t>(width) + 10, 3);
      const Array l(type, {rows, width}, logits), target(targets), ds(type, {rows, 2}, dsums);
      Array m(type, {rows}), sums(type, {rows, 2}), dlogits(type, {rows, width}), loss(type, {});
      row_max({}, l, m);
      EXPECT_EQ(m.values(), reference::row_max(logits, rows, width));
      const Vector largest(rows, 3.5);  // over all blocks
      const Array all(type, {rows}, largest);
      exp_sum({}, l, all, target, first_token, sums);
      expect_close(sums, reference::exp_sum(logits, largest, targets, first_token));
      exp_sum_gradient({}, l, all, target, first_token, ds, dlogits);
      expect_close(dlogits, reference::exp_sum_gradient(logits, largest, targets, first_token, dsums));
      exp_sum_gradient({}, l, all, target, first_token, ds, l);
      EXPECT_TRUE(dlogits.same_bits(l));  // in place
    }
}

TEST(CrossEntropy, LossAndItsGradientAgreeWithTheirReferences) {
  const std::int64_t rows = 77;
  Vector sums = random_values(2 * rows, 1);
  const Vector m = random_values(rows, 2);
  for (std::size_t i = 0; i < sums.size(); i += 2) sums[i] = 1 + sums[i] * sums[i];
  for (DType type : real_types)
    for (DType loss_type : real_types) {
      const Array s(type, {rows, 2}, sums), largest(type, {rows}, m);
      Array loss(loss_type, {}, {7.25}), dsums(type, {rows, 2});
      const Vector held = s.values();  // rounded to the dtype
      const double expected = reference::nll(held, m, 0.25);
      nll({}, s, largest, 0.25, loss, Write::accumulate);
      expect_close(loss, {7.25 + expected});
      nll({}, s, largest, 0.25, loss, Write::overwrite);
      expect_close(loss, {expected});
      nll_gradient({}, s, 0.25, 3, dsums);
      expect_close(dsums, reference::nll_gradient(held, 0.25, 3));
    }
}

struct Split {
  double loss = 0;
  Vector dlogits;
};

/// Loss and gradient for logits [rows, width] cut into blocks of columns that end at `ends`.
Split split_cross_entropy(DType type, const Vector& logits, const Tokens& targets,
                          const std::vector<std::int64_t>& ends) {
  const std::int64_t rows = static_cast<std::int64_t>(targets.size());
  const std::int64_t width = static_cast<std::int64_t>(logits.size()) / rows;
  const Array target(targets);
  std::vector<Array> blocks;
  Vector largest(rows, -std::numeric_limits<double>::infinity()), total(2 * rows, 0.0);
  std::int64_t first = 0;
  for (std::int64_t end : ends) {
    Vector part;
    for (std::int64_t r = 0; r < rows; ++r)
      for (std::int64_t c = first; c < end; ++c) part.push_back(logits[r * width + c]);
    blocks.emplace_back(type, Shape{rows, end - first}, part);
    Array m(type, {rows});
    row_max({}, blocks.back(), m);
    for (std::int64_t r = 0; r < rows; ++r) largest[r] = std::max(largest[r], m.values()[r]);  // max_reduce
    first = end;
  }
  const Array m(type, {rows}, largest);
  first = 0;
  for (const Array& block : blocks) {
    Array sums(type, {rows, 2});
    exp_sum({}, block, m, target, first, sums);
    total = reference::add(total, sums.values());  // sum_reduce
    first += static_cast<const Tensor&>(block).shape[1];
  }
  const Array sums(type, {rows, 2}, total);
  Array loss(DType::f64, {}), dsums(type, {rows, 2});
  nll({}, sums, m, 1.0 / double(rows), loss, Write::overwrite);
  nll_gradient({}, sums, 1.0 / double(rows), 1, dsums);
  Split result{loss.values()[0], Vector(logits.size())};
  first = 0;
  for (const Array& block : blocks) {
    const std::int64_t held = static_cast<const Tensor&>(block).shape[1];
    exp_sum_gradient({}, block, m, target, first, dsums, block);
    for (std::int64_t i = 0; i < rows * held; ++i)
      result.dlogits[i / held * width + first + i % held] = block.values()[i];
    first += held;
  }
  return result;
}

TEST(CrossEntropy, HasTheKnownAnswerForAnyNumberOfBlocks) {
  for (DType type : real_types)
    for (const auto& ends : {std::vector<std::int64_t>{4}, {2, 4}, {1, 2, 3, 4}, {0, 3, 3, 4}}) {
      const Split result = split_cross_entropy(type, Vector(4, 0.0), {0}, ends);
      EXPECT_NEAR(result.loss, std::log(4.0), 1e-6);
      const Vector expected{-0.75, 0.25, 0.25, 0.25};
      for (int i = 0; i < 4; ++i) EXPECT_NEAR(result.dlogits[i], expected[i], 1e-6);
    }
}

TEST(CrossEntropy, IsTheSameForAnyUnevenSplit) {
  const Vector logits = random_values(6 * 257, 1);
  const Tokens targets{0, 256, 128, 86, 85, 171};
  const Split whole = split_cross_entropy(DType::f64, logits, targets, {257});
  for (const auto& ends : {std::vector<std::int64_t>{129, 257}, {86, 172, 257}, {65, 129, 193, 257}}) {
    const Split split = split_cross_entropy(DType::f64, logits, targets, ends);
    EXPECT_NEAR(split.loss, whole.loss, 1e-14);
    for (std::size_t i = 0; i < logits.size(); ++i) ASSERT_NEAR(split.dlogits[i], whole.dlogits[i], 1e-15);
  }
}

TEST(CrossEntropy, GradientIsOfSecondOrder) {
  const Vector logits = random_values(5 * 23, 1);
  const Tokens targets{0, 3, 22, 7, 11};
  const auto f = [&](const Vector& x) {
    return split_cross_entropy(DType::f64, x, targets, {8, 16, 23}).loss;
  };
  EXPECT_NEAR(taylor_order(f, logits, split_cross_entropy(DType::f64, logits, targets, {8, 16, 23}).dlogits),
              2, 0.05);
}

TEST(CrossEntropy, HoldsForLogitsBeyondTheRangeOfExp) {
  const Split result = split_cross_entropy(DType::f32, {1000, 990, -1000, 0}, {1}, {2, 4});
  EXPECT_NEAR(result.loss, 10 + std::log1p(std::exp(-10.0)), 1e-4);
  const Split broken = split_cross_entropy(DType::f32, {1, std::nan(""), 0, 0}, {2}, {2, 4});
  EXPECT_TRUE(std::isnan(broken.loss));
}

}  // namespace
}  // namespace heddle::kernels
