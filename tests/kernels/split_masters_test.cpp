// AdamW on masters that are split into weights and remainders: each of its bits is that of AdamW on fp32.
#include "arrays.hpp"
#include "heddle/base/remainder.hpp"
#include "heddle/kernels/adamw.hpp"
#include "heddle/kernels/elementwise.hpp"

namespace heddle::kernels {
namespace {

constexpr DType moment_types[] = {DType::f32, DType::bf16};

Vector squares(std::int64_t count, std::uint64_t seed, DType type) {
  Vector all = random_values(count, seed);
  for (double& each : all) each *= each;
  const Array rounded(type, {count}, all);
  return rounded.values();
}

/// A state in fp32, and the same one split.
struct Both {
  Both(const std::vector<float>& masters, DType type, bool filled = true)
      : count(std::ssize(masters)),
        master(masters),
        m(type, {count}, random_values(count, 2)),
        v(type, {count}, squares(count, 3, type)),
        weight(DType::bf16, {count}),
        split_m(type, {count}, m.values()),
        split_v(type, {count}),
        rest(std::vector<std::int16_t>(masters.size(), -1)) {
    if (!filled) return;
    split(lane(), master, parts());
    carry(v.values());
  }
  AdamWState whole() const { return {master, m, v}; }
  AdamWState parts() const { return {weight, split_m, split_v, rest}; }

  /// The split second moment is zero but for its carries: it becomes this.
  void carry(const Vector& second_moment) {
    Vector marked = split_v.values();
    for (std::size_t i = 0; i < marked.size(); ++i) marked[i] = std::copysign(second_moment[i], marked[i]);
    split_v = Array(split_v.dtype(), {count}, marked);
  }
  std::int64_t carries() const {
    return std::ranges::count_if(split_v.values(), [](double x) { return std::signbit(x); });
  }
  std::vector<float> joined() const { return joined(weight, rest); }
  std::vector<float> joined(const Array& weights, const Array& rests) const {
    const auto high = weights.on_host<BFloat16>();
    const auto low = rests.on_host<std::int16_t>();
    const Vector signs = split_v.values();
    std::vector<float> all;
    for (std::size_t i = 0; i < high.size(); ++i)
      all.push_back(whole_of(high[i], {low[i], std::signbit(signs[i])}));
    return all;
  }
  void expect_alike(const Array& copy) const {
    EXPECT_TRUE(Array(joined()).same_bits(master));
    EXPECT_TRUE(weight.same_bits(copy));
    EXPECT_TRUE(split_m.same_bits(m));
    Vector positive = split_v.values();
    for (double& each : positive) each = std::abs(each);
    EXPECT_TRUE(Array(v.dtype(), {count}, positive).same_bits(v));
  }

  std::int64_t count;
  Array master, m, v, weight, split_m, split_v, rest;
};

/// Of all that fp32 has, ties most of all: every exponent, odd and even significands, both signs, infinities.
std::vector<float> all_kinds() {
  std::vector<float> all;
  for (std::uint32_t exponent = 0; exponent < 256; ++exponent)
    for (std::uint32_t high : {0x00u, 0x01u, 0x41u, 0x7eu, 0x7fu})
      for (std::uint32_t low : {0x0000u, 0x0001u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu})
        for (std::uint32_t sign : {0x0000u, 0x8000u}) {
          const float number = std::bit_cast<float>((sign | exponent << 7 | high) << 16 | low);
          if (!std::isnan(number)) all.push_back(number);
        }
  all.push_back(std::numeric_limits<float>::quiet_NaN());
  return all;
}

TEST(SplitMasters, GiveBackWhatWasSplit) {
  for (DType type : moment_types) {
    const Both both(all_kinds(), type);
    EXPECT_TRUE(Array(both.joined()).same_bits(both.master));
    std::vector<BFloat16> nearest;
    for (const float master : all_kinds()) nearest.push_back(BFloat16::nearest(master));
    EXPECT_TRUE(both.weight.same_bits(Array(nearest)));
    Array converted(DType::bf16, {both.count});
    convert(lane(), both.master, converted);
    EXPECT_TRUE(converted.same_bits(both.weight));
    EXPECT_GT(both.carries(), 500) << "ties above an even weight";
  }
}

/// At rate 0 a step leaves them where they are, so that each kind comes through it.
TEST(SplitMasters, OfEveryKindGoThroughAStepAsFp32Does) {
  for (DType type : moment_types) {
    Both both(all_kinds(), type);
    const Array gradient(DType::f32, {both.count}, random_values(both.count, 4));
    Array copy(DType::bf16, {both.count});
    const AdamWStep still{0.0, 0.9, 0.99};
    const Dither dither{7, 1, {{both.count}, {0}}};
    adamw(lane(), both.whole(), gradient, both.whole(), {}, copy, still, dither);
    adamw(lane(), both.parts(), gradient, both.parts(), {}, {}, still, dither);
    both.expect_alike(copy);
    EXPECT_GT(both.carries(), 500);
  }
}

AdamWStep step_of(int t) {
  return {1e-2, 0.9, 0.99, 1e-8, 0.1, 0.37, 1 - std::pow(0.9, t), 1 - std::pow(0.99, t)};
}

std::vector<float> some_masters(std::int64_t count) {
  const Vector drawn = random_values(count, 1, DType::f32);
  return {drawn.begin(), drawn.end()};
}

TEST(SplitMasters, TakeTenStepsWithTheBitsOfFp32AndAsTheReference) {
  for (DType type : moment_types)
    for (std::int64_t count : {1, 7, 101, 9001}) {
      Both both(some_masters(count), type);
      reference::AdamWState state{both.master.values(), both.m.values(), both.v.values()};
      for (int t = 1; t <= 10; ++t) {
        const Vector drawn = random_values(count, static_cast<std::uint64_t>(10 + t), DType::f32);
        const Array gradient(DType::f32, {count}, drawn);
        Array copy(DType::bf16, {count});
        const Dither dither{7, static_cast<std::uint64_t>(t), {{count}, {0}}};
        adamw(lane(), both.whole(), gradient, both.whole(), {}, copy, step_of(t), dither);
        adamw(lane(), both.parts(), gradient, both.parts(), {}, {}, step_of(t), dither);
        both.expect_alike(copy);
        state = reference::adamw(state, drawn, step_of(t));
      }
      if (type != DType::f32) continue;
      const std::vector<float> joined = both.joined();
      expect_close(Array(joined), state.parameter);
      expect_close(both.split_m, state.m);
    }
}

/// What a step that may be taken back replaces stands again with its old moments, whose signs are its carries.
TEST(SplitMasters, AreKeptAndSteppedOnceMore) {
  for (DType type : moment_types)
    for (const std::vector<float>& masters : {some_masters(9001), all_kinds()}) {
      Both before(masters, type), after(masters, type, /*filled=*/false);
      const Array gradient(DType::f32, {before.count}, random_values(before.count, 4, DType::f32));
      const Dither dither{7, 1, {{before.count}, {0}}};
      Array kept(DType::bf16, {before.count}), kept_rest(std::vector<std::int16_t>(masters.size(), 77));
      Array copy(DType::bf16, {before.count});
      adamw(lane(), {before.weight, before.split_m, before.split_v, before.rest}, gradient,
            {before.weight, after.split_m, after.split_v, before.rest}, {kept, kept_rest}, {}, step_of(1),
            dither);
      EXPECT_TRUE(Array(before.joined(kept, kept_rest)).same_bits(before.master)) << "with the old moments";
      const auto expect_stepped = [&](const Array& weight, const Array& rest) {
        EXPECT_TRUE(weight.same_bits(copy));
        EXPECT_TRUE(Array(after.joined(weight, rest)).same_bits(after.master));
      };
      adamw(lane(), {before.master, before.m, before.v}, gradient, {after.master, after.m, after.v}, {}, copy,
            step_of(1), dither);
      expect_stepped(before.weight, before.rest);
      adamw(lane(), {kept, before.split_m, before.split_v, kept_rest}, gradient,
            {after.weight, after.split_m, after.split_v, after.rest}, {}, {}, step_of(1), dither);
      expect_stepped(after.weight, after.rest);
      after.expect_alike(copy);
    }
}

}  // namespace
}  // namespace heddle::kernels
