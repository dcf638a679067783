// Packs at the ends of rows, and the functions of packs.
#include "../../../src/kernels/pack.hpp"

#include <numeric>

#include "../../../src/kernels/exponential.hpp"
#include "../arrays.hpp"

namespace heddle::kernels {
namespace {

constexpr std::int64_t sizes[] = {0, 1, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 127, 129};

/// f(team) by one team.
template <class F>
void by_one_team(const F& f) {
  each_row(lane(), "test", 1, [&](const Team& team, std::int64_t) { f(team); });
}

template <class T>
class Packs : public ::testing::Test {};
using Reals = ::testing::Types<float, double>;
TYPED_TEST_SUITE(Packs, Reals);

TYPED_TEST(Packs, CoverARowAndNothingBeyondIt) {
  using T = TypeParam;
  for (std::int64_t n : sizes) {
    std::vector<T> from(n + 1), to(n + 100, T(-1));
    std::vector<float> other(n + 100, -1.0f);
    std::iota(from.begin(), from.end(), T(1));
    by_one_team([&](const Team& team) {
      each_pack<T>(team, n, [&](auto at) {
        at.store(to.data(), T(2) * at.load(from.data()));
        at.store(other.data(), at.load(to.data()));  // converted
      });
    });
    for (std::int64_t i = 0; i < n + 100; ++i) {
      ASSERT_EQ(to[i], i < n ? T(2 * (i + 1)) : T(-1)) << i << " of " << n;
      ASSERT_EQ(other[i], static_cast<float>(to[i])) << i << " of " << n;
    }
  }
}

TYPED_TEST(Packs, AreSummedAndCompared) {
  using T = TypeParam;
  for (std::int64_t n : sizes) {
    std::vector<float> x(n + 1, -1000.0f);
    std::iota(x.begin(), x.begin() + n, -200.0f);
    T sum = 0, largest = 0;
    by_one_team([&](const Team& team) {
      sum = sum_packs<T>(team, n, [&](auto at) { return at.load(x.data()) + T(1); });
      largest = largest_packs<T>(team, n, [&](auto at) { return at.load(x.data()); });
    });
    EXPECT_EQ(sum, T(n * (n - 1) / 2 - 199 * n)) << n;
    EXPECT_EQ(largest, n == 0 ? -std::numeric_limits<T>::infinity() : T(n - 201)) << n;
  }
}

/// Every BFloat16.
std::vector<BFloat16> all_bfloat16() {
  std::vector<BFloat16> all(1 << 16);
  for (std::size_t i = 0; i < all.size(); ++i) all[i].bits = static_cast<std::uint16_t>(i);
  return all;
}

/// Numbers at, next to and halfway between all BFloat16.
std::vector<float> around_bfloat16() {
  std::vector<float> numbers;
  for (std::uint32_t high = 0; high < 1 << 16; ++high)
    for (std::uint32_t low : {0x0000, 0x0001, 0x7fff, 0x8000, 0x8001, 0xffff})
      numbers.push_back(std::bit_cast<float>(high << 16 | low));
  return numbers;
}

TYPED_TEST(Packs, LoadEveryBfloat16AsOneNumberIs) {
  using T = TypeParam;
  using Bits = typename ExponentialConstants<T>::Bits;
  const std::vector<BFloat16> from = all_bfloat16();
  for (std::int64_t n : {1 << 16, (1 << 16) - 1, 5, 1}) {
    std::vector<T> to(n + 1, T(-1));
    by_one_team([&](const Team& team) {
      each_pack<T>(team, n, [&](auto at) { at.store(to.data(), at.load(from.data())); });
    });
    for (std::int64_t i = 0; i < n; ++i)
      ASSERT_EQ(std::bit_cast<Bits>(to[i]), std::bit_cast<Bits>(static_cast<T>(from[i]))) << from[i].bits;
    ASSERT_EQ(to[n], T(-1));
  }
}

TYPED_TEST(Packs, StoreBfloat16AsOneNumberIsRounded) {
  using T = TypeParam;
  const std::vector<float> numbers = around_bfloat16();
  const std::vector<T> from(numbers.begin(), numbers.end());
  std::vector<std::int64_t> counts(std::begin(sizes), std::end(sizes));
  counts.push_back(static_cast<std::int64_t>(from.size()));
  for (std::int64_t n : counts) {
    const T* last = from.data() + from.size() - n;
    std::vector<BFloat16> to(n + 100, BFloat16(-1));
    by_one_team([&](const Team& team) {
      each_pack<T>(team, n, [&](auto at) { at.store(to.data(), at.load(last)); });
    });
    for (std::int64_t i = 0; i < n + 100; ++i)
      ASSERT_EQ(to[i].bits, (i < n ? static_cast<BFloat16>(last[i]) : BFloat16(-1)).bits) << i << " of " << n;
  }
}

TYPED_TEST(Packs, KeepWhatIsNoNumber) {
  using T = TypeParam;
  const T nothing = std::numeric_limits<T>::quiet_NaN();
  const auto is_second = [](T a, T b) {
    const auto larger_of = larger(Pack<T>(a), Pack<T>(b)), smaller_of = smaller(Pack<T>(a), Pack<T>(b));
    T kept[2][pack_width<T>];
    Place<T>{0}.store(kept[0], larger_of);
    Place<T>{0}.store(kept[1], smaller_of);
    const auto same = [&](T x) { return x == b || (std::isnan(x) && std::isnan(b)); };
    return std::all_of(&kept[0][0], &kept[0][0] + 2 * pack_width<T>, same);
  };
  EXPECT_TRUE(is_second(T(1), nothing));
  EXPECT_TRUE(is_second(nothing, T(1)));
  EXPECT_TRUE(is_second(T(2), T(2)));
  EXPECT_FALSE(is_second(T(1), T(2)));
}

TYPED_TEST(Packs, HaveAnExponentialOfOneRounding) {
  using T = TypeParam;
  using Limits = std::numeric_limits<T>;
  const double low = std::log(double(Limits::min())), high = std::log(double(Limits::max()));
  std::vector<T> x(10007), y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] =
        static_cast<T>(0.99 * (low + (high - low) * static_cast<double>(i) / static_cast<double>(x.size())));
  by_one_team([&](const Team& team) {
    each_pack<T>(team, static_cast<std::int64_t>(x.size()),
                 [&](auto at) { at.store(y.data(), exponential(at.load(x.data()))); });
  });
  for (std::size_t i = 0; i < x.size(); ++i) {
    const long double expected = std::exp(static_cast<long double>(x[i]));
    ASSERT_NEAR(y[i] / expected, 1, 1.2 * Limits::epsilon()) << "exp of " << x[i];
    ASSERT_EQ(exponential(x[i]), y[i]);  // of one number
  }
}

/// Of all bits, FNV-1a: whatever the compiler was told of contraction and optimization, as long as there
/// are fused multiply-adds.
TYPED_TEST(Packs, HaveAnExponentialOfTheSameBitsUnderEveryFlag) {
#ifndef FP_FAST_FMAF
  GTEST_SKIP() << "without fused multiply-adds each of them is two roundings";
#endif
  using T = TypeParam;
  using Bits = typename ExponentialConstants<T>::Bits;
  std::vector<T> x(10000), y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = (static_cast<T>(i) - T(5000)) / T(64);
  by_one_team([&](const Team& team) {
    each_pack<T>(team, static_cast<std::int64_t>(x.size()),
                 [&](auto at) { at.store(y.data(), exponential(at.load(x.data()))); });
  });
  std::uint64_t bits = 14695981039346656037u;
  for (const T value : y) bits = (bits ^ std::bit_cast<Bits>(value)) * 1099511628211u;
  EXPECT_EQ(bits, sizeof(T) == 4 ? 0xd3b3f41a2745194bu : 0x865312b0cc40c823u);
}

TYPED_TEST(Packs, HaveAnExponentialThatKnowsInfinityAndNaN) {
  using T = TypeParam;
  const T infinity = std::numeric_limits<T>::infinity();
  const T x[] = {-infinity, -1e6, 0, 1e6, infinity, std::numeric_limits<T>::quiet_NaN()};
  T y[6];
  by_one_team([&](const Team& team) {
    each_pack<T>(team, 6, [&](auto at) { at.store(y, exponential(at.load(x))); });
  });
  const T expected[] = {0, 0, 1, infinity, infinity};
  for (int i = 0; i < 5; ++i) EXPECT_EQ(y[i], expected[i]) << x[i];
  EXPECT_TRUE(std::isnan(y[5]));
}

}  // namespace
}  // namespace heddle::kernels
