// Cross entropy over a vocabulary in blocks, put together by hand as the maps over the tensor axis do.
#include "heddle/kernels/cross_entropy.hpp"

#include "arrays.hpp"
#include "heddle/base/target.hpp"

namespace heddle::kernels {
namespace {

TEST(CrossEntropy, KernelsAgreeWithTheirReferences) {
  for (DType type : real_types)
    for (std::int64_t width : {0, 1, 15, 16, 17, 31, 257, 2047, 2048, 2049, 5000}) {
      const std::int64_t rows = 13, first_token = 5;
      const TokenBlock block{first_token, width};
      const Vector logits = random_values(rows * width, 1), dlogp = random_values(rows, 2);
      const Tokens targets = random_tokens(rows, static_cast<std::int32_t>(width) + 10, 3);
      const DType sum = compute_type(type);
      const Array l(type, {rows, width}, logits), target(targets), dp(sum, {rows}, dlogp);
      Array lse(sum, {rows}), logp(sum, {rows}), dlogits(type, {rows, width});
      log_sum_exp(lane(), l, block, lse);
      expect_close(lse, reference::log_sum_exp(logits, rows, width));
      const Vector sums(rows, 3.5);  // over all blocks
      const Array all(sum, {rows}, sums);
      log_probability(lane(), l, all, target, block, logp);
      expect_close(logp, reference::log_probability(logits, sums, targets, first_token));
      log_probability_gradient(lane(), l, all, target, block, dp, dlogits);
      expect_close(dlogits, reference::log_probability_gradient(logits, sums, targets, first_token, dlogp));
      log_probability_gradient(lane(), l, all, target, block, dp, l);
      EXPECT_TRUE(dlogits.same_bits(l));  // in place
    }
}

/// The values with `padding` columns more, of `filler`.
Vector padded(const Vector& values, std::int64_t rows, std::int64_t padding, double filler) {
  const auto width = static_cast<std::int64_t>(values.size()) / rows;
  Vector all;
  for (std::int64_t r = 0; r < rows; ++r) {
    all.insert(all.end(), values.begin() + r * width, values.begin() + (r + 1) * width);
    all.insert(all.end(), static_cast<std::size_t>(padding), filler);
  }
  return all;
}

TEST(CrossEntropy, ColumnsBehindTheBlockAreNotReadAndTheirGradientIsZero) {
  const std::int64_t rows = 13;
  const Vector dlogp = random_values(rows, 2), sums(rows, 3.5);
  for (DType type : real_types)
    for (std::int64_t width : {1, 17, 257, 2049})
      for (std::int64_t padding : {1, 7, 63}) {
        const TokenBlock block{5, width};
        const Vector logits = random_values(rows * width, 1);
        // Targets beyond the block are another one's, not those of padding.
        const Tokens targets = random_tokens(rows, static_cast<std::int32_t>(width + padding) + 10, 3);
        const DType sum = compute_type(type);
        const Array l(type, {rows, width + padding}, padded(logits, rows, padding, std::nan("")));
        const Array all(sum, {rows}, sums), target(targets), dp(sum, {rows}, dlogp);
        Array lse(sum, {rows}), logp(sum, {rows}), dlogits(type, {rows, width + padding});
        log_sum_exp(lane(), l, block, lse);
        expect_close(lse, reference::log_sum_exp(logits, rows, width));
        log_probability(lane(), l, all, target, block, logp);
        expect_close(logp, reference::log_probability(logits, sums, targets, block.first));
        log_probability_gradient(lane(), l, all, target, block, dp, dlogits);
        const Vector expected =
            reference::log_probability_gradient(logits, sums, targets, block.first, dlogp);
        expect_close(dlogits, padded(expected, rows, padding, 0));
        const Vector written = dlogits.values();
        for (std::int64_t i = 0; i < rows * (width + padding); ++i)
          if (i % (width + padding) >= width) {
            ASSERT_EQ(written[i], 0) << i;
          }
        log_probability_gradient(lane(), l, all, target, block, dp, l);
        EXPECT_TRUE(dlogits.same_bits(l));  // in place
      }
}

TEST(CrossEntropy, AMaximumInAnyPlaceIsWhatTheSumIsTakenFrom) {
  const std::int64_t width = 5000;
  for (std::int64_t place : {0, 1, 2047, 2048, 4999}) {
    Vector logits = random_values(width, 1);
    logits[place] = 300;  // exp(300) is beyond fp32
    Array lse(DType::f32, {1});
    log_sum_exp(lane(), Array(DType::f32, {1, width}, logits), {0, width}, lse);
    EXPECT_EQ(lse.values()[0], 300) << place;
  }
}

TEST(CrossEntropy, ATargetThatDoesNotCountAddsNothing) {
  const std::int64_t rows = 3, width = 37;
  const Vector logits = random_values(rows * width, 1), lse(rows, 3.5), dlogp = random_values(rows, 2);
  const Tokens targets{4, ignored_target, 7};
  for (DType type : real_types)
    for (std::int64_t first_token : {0, 5}) {
      const DType sum = compute_type(type);
      const Array l(type, {rows, width}, logits), sums(sum, {rows}, lse), dp(sum, {rows}, dlogp);
      const Array target(targets);
      Array logp(sum, {rows}), dlogits(type, {rows, width});
      log_probability(lane(), l, sums, target, {first_token, width}, logp);
      log_probability_gradient(lane(), l, sums, target, {first_token, width}, dp, dlogits);
      EXPECT_EQ(logp.values()[1], 0);
      for (std::int64_t i = 0; i < rows * width; ++i)
        EXPECT_EQ(dlogits.values()[i] == 0, i / width == 1) << i;
      expect_close(dlogits, reference::log_probability_gradient(logits, lse, targets, first_token, dlogp));
    }
}

TEST(CrossEntropy, TheGradientAtAnAlmostCertainTargetIsRoundedOnce) {
  const std::int64_t rows = 14;  // 1 - p is small: had p been rounded to bf16 before, little of it were right
  Vector logits(rows);
  for (std::int64_t r = 0; r < rows; ++r) logits[r] = 3.484375 - double(r) / 64;
  const Vector lse(rows, 3.5), dlogp(rows, -1.0);
  const Tokens targets(rows, 0);
  for (DType type : real_types) {
    const DType sum = compute_type(type);
    Array dlogits(type, {rows, 1});
    log_probability_gradient(lane(), Array(type, {rows, 1}, logits), Array(sum, {rows}, lse), Array(targets),
                             {0, 1}, Array(sum, {rows}, dlogp), dlogits);
    expect_close(dlogits, reference::log_probability_gradient(logits, lse, targets, 0, dlogp), 16, 1);
  }
}

TEST(CrossEntropy, NoRowsAreNoWork) {
  const Array logits(DType::f32, {0, 7}), none(DType::f32, {0}), targets(Tokens{});
  log_sum_exp(lane(), logits, {0, 7}, none);
  log_probability(lane(), logits, none, targets, {0, 7}, none);
  log_probability_gradient(lane(), logits, none, targets, {0, 7}, none, logits);
  nll_gradient(lane(), 1, 1, none);
  Array loss(DType::f64, {});
  nll(lane(), none, 1, loss, Write::overwrite);
  EXPECT_EQ(loss.values()[0], 0);
}

TEST(CrossEntropy, LossAndItsGradientAgreeWithTheirReferences) {
  const std::int64_t rows = 77;
  const Vector logp = random_values(rows, 1);
  for (DType type : compute_types)
    for (DType loss_type : compute_types) {
      const Array p(type, {rows}, logp);
      Array loss(loss_type, {}, {7.25}), dlogp(type, {rows});
      const double expected = reference::nll(logp, 0.25);
      nll(lane(), p, 0.25, loss, Write::accumulate);
      expect_close(loss, {7.25 + expected});
      nll(lane(), p, 0.25, loss, Write::overwrite);
      expect_close(loss, {expected});
      nll_gradient(lane(), 0.25, 3, dlogp);
      expect_close(dlogp, Vector(rows, -0.75));
    }
}

/// As maps::MapKind::log_sum_reduce.
double log_of_sum(double a, double b) {
  return a == b ? a + std::log(2.0) : std::max(a, b) + std::log1p(std::exp(-std::abs(a - b)));
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
  const DType sum = compute_type(type);
  const Array target(targets);
  std::vector<Array> blocks;
  Vector sums(rows, -std::numeric_limits<double>::infinity()), total(rows, 0.0);
  std::int64_t first = 0;
  for (std::int64_t end : ends) {
    Vector part;
    for (std::int64_t r = 0; r < rows; ++r)
      for (std::int64_t c = first; c < end; ++c) part.push_back(logits[r * width + c]);
    blocks.emplace_back(type, Shape{rows, end - first}, part);
    Array lse(sum, {rows});
    log_sum_exp(lane(), blocks.back(), {first, end - first}, lse);
    for (std::int64_t r = 0; r < rows; ++r) sums[r] = log_of_sum(sums[r], lse.values()[r]);
    first = end;
  }
  const Array lse(sum, {rows}, sums);
  first = 0;
  for (const Array& block : blocks) {
    Array logp(sum, {rows});
    const TokenBlock held{first, static_cast<const Tensor&>(block).shape[1]};
    log_probability(lane(), block, lse, target, held, logp);
    total = reference::add(total, logp.values());  // sum_reduce
    first += held.count;
  }
  const Array logp(sum, {rows}, total);
  Array loss(DType::f64, {}), dlogp(sum, {rows});
  nll(lane(), logp, 1.0 / double(rows), loss, Write::overwrite);
  nll_gradient(lane(), 1.0 / double(rows), 1, dlogp);
  Split result{loss.values()[0], Vector(logits.size())};
  first = 0;
  for (const Array& block : blocks) {
    const std::int64_t held = static_cast<const Tensor&>(block).shape[1];
    log_probability_gradient(lane(), block, lse, target, {first, held}, dlogp, block);
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
