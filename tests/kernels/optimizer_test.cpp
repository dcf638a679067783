// AdamW, norms, and the element-wise kernels around them.
#include "arrays.hpp"
#include "heddle/kernels/adamw.hpp"
#include "heddle/kernels/elementwise.hpp"
#include "heddle/kernels/sum_of_squares.hpp"

namespace heddle::kernels {
namespace {

TEST(AdamW, AgreesWithItsReferenceOverTenSteps) {
  for (DType type : compute_types)
    for (std::int64_t count : {1, 101, 9001}) {
      reference::AdamWState state{random_values(count, 1, type), Vector(count, 0.0), Vector(count, 0.0)};
      Array parameter(type, {count}, state.parameter), m(type, {count}, state.m), v(type, {count}, state.v);
      for (int t = 1; t <= 10; ++t) {
        const Vector gradient = random_values(count, static_cast<std::uint64_t>(10 + t), type);
        const AdamWStep step{1e-2, 0.9, 0.99, 1e-8, 0.1, 0.5, 1 - std::pow(0.9, t), 1 - std::pow(0.99, t)};
        adamw(lane(), parameter, Array(type, {count}, gradient), m, v, step);
        state = reference::adamw(state, gradient, step);
      }
      expect_close(parameter, state.parameter);
      expect_close(m, state.m);
      expect_close(v, state.v);
    }
}

TEST(AdamW, FirstStepMovesEveryParameterByTheRate) {  // m_hat / sqrt(v_hat) is the gradient's sign
  Array parameter(DType::f64, {2}, {1, 1}), m(DType::f64, {2}, {0, 0}), v(DType::f64, {2}, {0, 0});
  const AdamWStep step{0.1, 0.9, 0.999, 0, 0.5, 1, 1 - 0.9, 1 - 0.999};
  adamw(lane(), parameter, Array(DType::f64, {2}, {3, -7}), m, v, step);
  EXPECT_NEAR(parameter.values()[0], 1 - 0.05 - 0.1, 1e-14);
  EXPECT_NEAR(parameter.values()[1], 1 - 0.05 + 0.1, 1e-14);
}

/// Any contraction or order of operations that differs between the two would differ in some of these bits.
TEST(AdamW, IntoOtherMemoryGivesTheSameBitsKeepsTheParameterAndRoundsTheNewOne) {
  for (DType type : compute_types)
    for (std::int64_t count : {1, 101, 9001}) {
      const AdamWStep step{1e-2, 0.9, 0.99, 1e-8, 0.1, 0.37, 1 - 0.9, 1 - 0.99};
      const Array before(type, {count}, random_values(count, 1, type)),
          m_before(type, {count}, random_values(count, 2, type)),
          gradient(type, {count}, random_values(count, 4, type));
      Vector squares = random_values(count, 3, type);
      for (double& square : squares) square *= square;
      const Array v_before(type, {count}, squares);
      const Vector nothing(static_cast<std::size_t>(count), 7.0);
      const auto copy = [&](const Array& from) { return Array(type, {count}, from.values()); };

      Array parameter = copy(before), m = copy(m_before), v = copy(v_before);
      adamw(lane(), parameter, gradient, m, v, step);

      Array p2 = copy(before), m2(type, {count}, nothing), v2(type, {count}, nothing),
            kept(type, {count}, nothing);
      Array m_old = copy(m_before), v_old = copy(v_before);
      Array rounded(DType::bf16, {count}, nothing);
      adamw(lane(), {p2, m_old, v_old}, gradient, {p2, m2, v2}, {kept}, rounded, step);
      EXPECT_TRUE(rounded.same_bits(Array(DType::bf16, {count}, parameter.values())));
      EXPECT_TRUE(p2.same_bits(parameter) && m2.same_bits(m) && v2.same_bits(v));
      EXPECT_TRUE(kept.same_bits(before) && m_old.same_bits(m_before) && v_old.same_bits(v_before));

      // Once more, from what was kept.
      fill(lane(), m2, 5.0), fill(lane(), p2, 5.0);
      adamw(lane(), {kept, m_old, v_old}, gradient, {p2, m2, v2}, {}, {}, step);
      EXPECT_TRUE(p2.same_bits(parameter) && m2.same_bits(m) && v2.same_bits(v));
      fill(lane(), p2, 5.0), fill(lane(), rounded, 5.0);
      adamw(lane(), {kept, m_old, v_old}, gradient, {p2, m2, v2}, {}, rounded, step);
      EXPECT_TRUE(p2.same_bits(parameter) && rounded.same_bits(Array(DType::bf16, {count}, p2.values())));
      EXPECT_TRUE(kept.same_bits(before));
    }
}

/// Moments in bf16 for `local`, a block of a [6, 50] parameter, after a step from nothing but the gradient of the whole.
struct Narrow {
  Narrow(const Vector& gradient, const Shape& local, const Shape& begin, std::uint64_t stream = 3)
      : parameter(DType::f32, local, Vector(static_cast<std::size_t>(local.count()), 1.0)),
        m(DType::bf16, local, Vector(static_cast<std::size_t>(local.count()), 0.5)),
        v(DType::bf16, local, Vector(static_cast<std::size_t>(local.count()), 0.25)) {
    Vector part;
    for (std::int64_t i = 0; i < local[0]; ++i)
      for (std::int64_t j = 0; j < local[1]; ++j)
        part.push_back(gradient[static_cast<std::size_t>((begin[0] + i) * 50 + begin[1] + j)]);
    const AdamWState state{parameter, m, v};
    adamw(lane(), state, Array(DType::f32, local, part), state, {}, {}, {1e-2, 0.9, 0.99},
          {7, stream, {{6, 50}, begin}});
  }
  Array parameter, m, v;
};

TEST(NarrowMoments, AreRoundedAlikeWhoeverHoldsThem) {
  const Vector gradient = random_values(300, 1, DType::f32);
  const Narrow whole(gradient, {6, 50}, {0, 0});
  for (const auto& [local, begin] :
       {std::pair(Shape{3, 50}, Shape{3, 0}), {Shape{6, 17}, Shape{0, 33}}, {Shape{2, 9}, Shape{1, 5}}}) {
    const Narrow part(gradient, local, begin);
    for (std::int64_t i = 0; i < local[0]; ++i)
      for (std::int64_t j = 0; j < local[1]; ++j) {
        const auto here = static_cast<std::size_t>(i * local[1] + j),
                   there = static_cast<std::size_t>((begin[0] + i) * 50 + begin[1] + j);
        ASSERT_EQ(part.m.values()[here], whole.m.values()[there]);
        ASSERT_EQ(part.v.values()[here], whole.v.values()[there]);
        ASSERT_EQ(part.parameter.values()[here], whole.parameter.values()[there]);
      }
  }
}

/// A change of less than half of the distance to the next bf16, which rounding to the nearest would lose: over n draws
/// the mean is within 5 / sqrt(4 n) of a distance, five standard deviations of what has at most 1/2.
TEST(NarrowMoments, KeepTheirMeanThoughAStepIsSmall) {
  constexpr double distance = 1.0 / 256, fraction = 0.3;  // between 0.5 and the next, of which m becomes
  const double gradient = 0.5 + fraction * distance / 0.1;
  double sum = 0;
  constexpr int draws = 40;
  for (int stream = 0; stream < draws; ++stream)
    for (double m :
         Narrow(Vector(300, gradient), {6, 50}, {0, 0}, static_cast<std::uint64_t>(stream)).m.values()) {
      ASSERT_TRUE(m == 0.5 || m == 0.5 + distance) << m;
      sum += m;
    }
  constexpr double n = 300.0 * draws;
  EXPECT_NEAR((sum / n - 0.5) / distance, fraction, 5 / std::sqrt(4 * n));
}

TEST(NarrowMoments, OfNumbersThatAreNoneOrTinyAreRoundedAsUsual) {
  for (std::uint32_t bits :
       {0x7f800000u, 0xff800000u, 0x7fffffffu, 0xffffffffu, 0x00000000u, 0x80000000u, 0x00000001u})
    for (std::uint32_t word : {0u, 0xffffu}) {
      const float x = std::bit_cast<float>(bits);
      EXPECT_EQ(BFloat16::dithered(x, word).bits, BFloat16(x).bits) << bits;
    }
  EXPECT_EQ(BFloat16::dithered(1.0f, 0xffffffff).bits, BFloat16(1.0f).bits);  // what bf16 holds stays
}

TEST(SumOfSquares, AgreesWithItsReferenceWhateverTheResultHeld) {
  for (DType type : compute_types)
    for (std::int64_t count : {0, 1, 4096, 100003}) {
      const Vector x = random_values(count, 1, type);
      const Array xs(type, {count}, x);
      Array result(DType::f64, {}, {17}), again(DType::f64, {}, {-3});
      sum_of_squares(lane(), xs, result);
      expect_close(result, {reference::sum_of_squares(x)}, 256);
      sum_of_squares(lane(), xs, again);
      EXPECT_TRUE(again.same_bits(result));
    }
}

TEST(Elementwise, AddsFillsAndCopies) {
  for (DType type : real_types)
    for (std::int64_t count : {0, 1, 5003}) {
      const Vector a = random_values(count, 1), b = random_values(count, 2);
      Array y(type, {count}, a);
      add(lane(), y, Array(type, {count}, b), y);
      expect_close(y, reference::add(a, b), 1);
      Array z(type, {count});
      copy(lane(), y, z);
      EXPECT_TRUE(z.same_bits(y));
      fill(lane(), y, 2.5);
      EXPECT_EQ(y.values(), Vector(static_cast<std::size_t>(count), 2.5));
    }
}

TEST(Elementwise, ConvertsAsNumbersAreConvertedOneByOne) {
  for (DType from : real_types)
    for (DType to : real_types)
      for (std::int64_t count : {0, 1, 5003}) {
        const Array x(from, {count}, random_values(count, 1, from));
        Array y(to, {count});
        convert(lane(), x, y);
        EXPECT_TRUE(y.same_bits(Array(to, {count}, x.values()))) << name(from) << " to " << name(to);
      }
}

}  // namespace
}  // namespace heddle::kernels
