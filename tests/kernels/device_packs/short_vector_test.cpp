// Short vectors in rows that begin and end anywhere, and what is computed with them.
#include "../../../src/kernels/short_vector.hpp"

#include <numeric>

#include "../../../src/kernels/drawn.hpp"
#include "../../../src/kernels/exponential.hpp"
#include "../arrays.hpp"

namespace heddle::kernels {
namespace {

constexpr std::int64_t sizes[] = {0, 1, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65};

/// f(team) by one team.
template <class F>
void by_one_team(const F& f) {
  each_row(lane(), "test", 1, [&](const Team& team, std::int64_t) { f(team); });
}

template <class T>
class ShortVectors : public ::testing::Test {};
using Stored = ::testing::Types<float, double, BFloat16>;
TYPED_TEST_SUITE(ShortVectors, Stored);

/// Whatever the rows' alignments: they differ from each other by the number of elements that they are apart.
TYPED_TEST(ShortVectors, CoverARowAndNothingBeyondItWhereverItBegins) {
  using T = TypeParam;
  using C = Compute<T>;
  for (std::int64_t n : sizes)
    for (std::int64_t begin : {0, 1, 2, 3, 4, 7})
      for (std::int64_t apart : {0, 1, 4}) {
        std::vector<T> from(n + 100), to(n + 100, T(-1)), other(n + 100, T(-1));
        for (std::int64_t i = 0; i < n; ++i) from[begin + i] = T(static_cast<float>(i + 1));
        by_one_team([&](const Team& team) {
          each_pack<T>(team, n, [&](auto at) {
            const auto x = at.load(from.data() + begin);
            at.store(to.data() + begin + apart, C(2) * x);
            at.store(other.data() + begin, C(3));
          });
        });
        for (std::int64_t i = 0; i < n + 100; ++i) {
          const std::int64_t k = i - begin - apart;
          ASSERT_EQ(C(to[i]), k >= 0 && k < n ? C(2 * (k + 1)) : C(-1)) << i << " of " << n;
          ASSERT_EQ(C(other[i]), i >= begin && i < begin + n ? C(3) : C(-1)) << i << " of " << n;
        }
      }
}

TYPED_TEST(ShortVectors, AreSummed) {
  using T = TypeParam;
  using C = Compute<T>;
  for (std::int64_t n : sizes)
    for (std::int64_t begin : {0, 1}) {
      std::vector<T> x(begin + n + 1, T(1000));
      for (std::int64_t i = 0; i < n; ++i) x[begin + i] = T(static_cast<float>(i - 100));
      C sum = 0;
      each_row(lane(), "test", 1, [&](const Warp& warp, std::int64_t) {
        sum = sum_packs<T>(warp, n, [&](auto at) { return at.load(x.data() + begin) + C(1); });
      });
      const std::int64_t whole = n * (n - 1) / 2 - 99 * n;
      EXPECT_EQ(sum, C(whole)) << n;
    }
}

TYPED_TEST(ShortVectors, HaveTheExponentialOfOneNumberAndALargest) {
  using C = Compute<TypeParam>;
  constexpr int n = vector_width<TypeParam>;
  ShortVector<C, n> x;
  for (int k = 0; k < n; ++k) x.number[k] = C(k * k) - C(3.3);
  const ShortVector<C, n> y = exponential(x);
  for (int k = 0; k < n; ++k) EXPECT_EQ(y.number[k], exponential(x.number[k]));
  EXPECT_EQ(largest_of(x), x.number[n - 1]);
}

TEST(ShortVector, IsRoundedToBfloat16AsOneNumberIs) {
  for (std::uint32_t high = 0; high < 1 << 16; ++high) {
    ShortVector<float, 8> x;
    constexpr std::uint32_t low[] = {0x0000, 0x0001, 0x7fff, 0x8000, 0x8001, 0xffff, 0x4000, 0xc000};
    for (int k = 0; k < 8; ++k) x.number[k] = std::bit_cast<float>(high << 16 | low[k]);
    const ShortVector<BFloat16, 8> rounded = convert<BFloat16>(x);
    for (int k = 0; k < 8; ++k) ASSERT_EQ(rounded.number[k].bits, BFloat16(x.number[k]).bits);
  }
}

template <int n>
void expect_words_of_each_drawn(std::uint64_t first) {
  std::uint32_t words[n];
  by_one_team([&](const Team& team) {
    each_drawn(team, 7, 5, first, n, [&](std::int64_t i, std::uint32_t word) { words[i] = word; });
  });
  const auto drawn = drawn_vector<n>(7, 5, first);
  for (int k = 0; k < n; ++k) EXPECT_EQ(drawn.number[k], words[k]) << first << " + " << k << " of " << n;
}

TEST(DrawnVector, HoldsTheWordsOfAnyPlaceOfTheSequence) {
  for (std::uint64_t first : {0, 1, 2, 3, 4, 1001, 1002, 1003}) {
    expect_words_of_each_drawn<2>(first);
    expect_words_of_each_drawn<4>(first);
    expect_words_of_each_drawn<8>(first);
  }
}

}  // namespace
}  // namespace heddle::kernels
