// Causal attention by tiles, its gradient, and its dropout mask under splits of rows and heads.
#include "heddle/kernels/attention.hpp"

#include <vector>

#include "../../src/kernels/fused_attention.hpp"
#include "../../src/kernels/rows.hpp"
#include "arrays.hpp"
#include "heddle/build_info.hpp"

namespace heddle::kernels {
namespace {

using fused_attention::Pass;
using reference::AttentionSizes;

/// Leaves NaN in the memory that the next kernel's teams take for themselves.
void spoil_scratch() {
  constexpr std::int64_t count = on_host ? 1 << 20 : 10'000;  // what a GPU's teams have near
  constexpr std::int64_t bytes = count * std::int64_t{sizeof(float)} + scratch_alignment;
  each_row(
      lane(), "spoil", 1,
      KOKKOS_LAMBDA(const Team& team, std::int64_t) {
        float* numbers = take<float>(team, count);
        each(team, count, [&](std::int64_t i) { numbers[i] = std::numeric_limits<float>::quiet_NaN(); });
      },
      bytes);
}

fused_attention::Call call_of(DType type, AttentionSizes s, double rate) {
  return {type, s.rows / s.sequence, s.sequence, s.heads, s.dim, rate};
}

/// Who does it here: the host, going a GPU's ways or not.
constexpr AttentionBy attention_by = on_host || !host_threads ? build_info::attention : AttentionBy::device;

/// What a call works in, full of NaN.
class Workspace {
 public:
  explicit Workspace(std::int64_t bytes) {
    if (bytes == 0) return;
    memory_ = lanes::Memory(bytes, lane());
    tensor_ = {memory_.data(), DType::f32, {bytes / size_of(DType::f32)}};
    lane().fill(tensor_, 0xff);
  }
  operator const Tensor&() const { return tensor_; }

 private:
  lanes::Memory memory_;
  Tensor tensor_;
};

/// The kernel's results for one input: the library's, where the build has one that takes it. If it is said how many teams of a
/// GPU have a place in the workspace, Heddle's own.
struct Result {
  Array out, logsumexp, dqkv;
  Result(DType type, AttentionSizes s, const Vector& qkv, const Vector& dout, const AttentionDropout& dropout,
         std::int64_t teams = 0)
      : out(type, {s.rows, s.heads, s.dim}),
        logsumexp(compute_type(type), {s.rows, s.heads}),
        dqkv(type, {s.rows, 3, s.heads, s.dim}) {
    const double scale = 1 / std::sqrt(double(s.dim));
    const Array in(type, {s.rows, 3, s.heads, s.dim}, qkv), gradient(type, {s.rows, s.heads, s.dim}, dout);
    const fused_attention::Call call = call_of(type, s, dropout.rate);
    const auto bytes = [&](Pass pass) {
      return teams > 0 ? teams * tiled_attention::far_bytes(pass, call)
                       : attention_workspace(attention_by, pass, call);
    };
    const Workspace forward(bytes(Pass::forward)), backward(bytes(Pass::backward));
    spoil_scratch();
    attention(lane(), in, s.sequence, scale, dropout, out, logsumexp, forward);
    spoil_scratch();
    attention_gradient(lane(), gradient, out, logsumexp, in, s.sequence, scale, dropout, dqkv, backward);
  }
};

Vector random_qkv(AttentionSizes s) { return random_values(3 * s.rows * s.heads * s.dim, 1); }
Vector random_dout(AttentionSizes s) { return random_values(s.rows * s.heads * s.dim, 2); }

/// Probabilities and the slopes of scores are rounded to bf16, where two of them make a factor, before they are
/// multiplied.
Vector rounded_products(const Result& result, AttentionSizes s, const Vector& magnitudes) {
  return result.out.dtype() == DType::bf16 && s.dim % 2 == 0 ? magnitudes : Vector(magnitudes.size(), 0.0);
}

/// `qkv` with each value's magnitude, so that its attention is the sum of its products' magnitudes.
Vector positive_values(Vector qkv, AttentionSizes s) {
  const std::size_t width = static_cast<std::size_t>(s.heads * s.dim);
  for (std::size_t i = 0; i < qkv.size(); ++i)
    if (i / width % 3 == 2) qkv[i] = std::abs(qkv[i]);
  return qkv;
}

void expect_agreement(const Result& result, AttentionSizes s, const Vector& qkv, const Vector& dout,
                      const AttentionDropout& dropout) {
  using reference::Terms;
  const double scale = 1 / std::sqrt(double(s.dim));
  const auto expected = reference::attention(qkv, s, scale, dropout);
  const auto gradient = [&](Terms terms) {
    return reference::attention_gradient(dout, result.out.values(), qkv, s, scale, dropout, terms);
  };
  const auto magnitudes = reference::attention(positive_values(qkv, s), s, scale, dropout);
  expect_close(result.out, expected.out, 16, 1e-3, rounded_products(result, s, magnitudes.out));
  expect_close(result.logsumexp, expected.logsumexp);
  expect_close(result.dqkv, gradient(Terms::as_they_are), 64, 1e-3,
               rounded_products(result, s, gradient(Terms::magnitudes)));
}

TEST(Attention, AgreesWithItsReference) {
  std::vector<AttentionSizes> cases = {{1, 1, 1, 1},      {3, 1, 2, 5},      {14, 7, 3, 4},
                                       {64, 64, 1, 32},   {65, 65, 2, 16},   {262, 131, 1, 8},
                                       {127, 127, 1, 64}, {384, 128, 3, 64}, {200, 100, 2, 128}};
  for (std::int64_t sequence : {1, 15, 16, 17, 63, 64, 65, 100, 132})  // around the edges of packs and tiles
    for (std::int64_t dim : {8, 24, 80}) cases.push_back({sequence, sequence, 1, dim});
  for (DType type : real_types)
    for (const AttentionSizes s : cases)
      for (double rate : {0.0, 0.3}) {
        SCOPED_TRACE(::testing::Message() << s.rows << " rows, sequence " << s.sequence << ", rate " << rate);
        const AttentionDropout dropout{99, 7, rate, 10, 1, s.heads + 2};
        const Vector qkv = random_qkv(s), dout = random_dout(s);
        expect_agreement(Result(type, s, qkv, dout, dropout), s, qkv, dout, dropout);
      }
}

/// Keys of zero make every query's probabilities equal. Key 0's dv and dk then get 128 and 256 from query 1
/// and about 0.5 from the last query of each block, which would be lost were they rounded block by block.
TEST(Attention, GradientsOfKeysAndValuesAreRoundedOnce) {
  for (std::int64_t dim : {1, 2}) {
    const AttentionSizes s{640, 640, 1, dim};
    Vector qkv(3 * s.rows * dim, 0.0), dout(s.rows * dim, 0.0);
    const auto set_query = [&](std::int64_t row, double q, double gradient) {
      qkv[3 * row * dim] = q;
      dout[row * dim] = gradient;
    };
    set_query(1, 4, 256);
    for (std::int64_t end = 64; end <= s.rows; end += 64) set_query(end - 1, 1, double(end) / 2);
    qkv[2 * dim] = 1;  // the value of key 0
    expect_agreement(Result(DType::bf16, s, qkv, dout, {}), s, qkv, dout, {});
  }
}

TEST(Attention, SurvivesScoresThatOverflowExp) {
  const AttentionSizes s{70, 70, 1, 4};
  Vector qkv = random_qkv(s);
  for (double& value : qkv) value *= 40;
  const Result result(DType::f32, s, qkv, random_dout(s), {});
  const auto expected = reference::attention(qkv, s, 0.5, {});
  expect_close(result.out, expected.out,
               4000);  // the scores, about 1e3, carry their own rounding into the exponent
  for (double value : result.dqkv.values()) ASSERT_TRUE(std::isfinite(value));
}

TEST(Attention, GradientIsOfSecondOrder) {
  const AttentionSizes s{138, 69, 2, 3};
  for (double rate : {0.0, 0.2}) {
    const AttentionDropout dropout{3, 1, rate, 0, 0, 2};
    const Vector qkv = random_qkv(s), dout = random_dout(s);
    const auto f = [&](const Vector& x) {
      return inner_product(Result(DType::f64, s, x, dout, dropout).out.values(), dout);
    };
    EXPECT_NEAR(taylor_order(f, qkv, Result(DType::f64, s, qkv, dout, dropout).dqkv.values()), 2, 0.05);
  }
}

/// The parts of [rows, parts, heads, dim] that belong to some heads of some rows.
Vector block(const Vector& whole, AttentionSizes s, std::int64_t parts, AttentionSizes held,
             std::int64_t first_row, std::int64_t first_head) {
  Vector result;
  for (std::int64_t r = 0; r < held.rows; ++r)
    for (std::int64_t part = 0; part < parts; ++part)
      for (std::int64_t i = 0; i < held.heads * s.dim; ++i)
        result.push_back(whole[((first_row + r) * parts + part) * s.heads * s.dim + first_head * s.dim + i]);
  return result;
}

TEST(Attention, IsTheSameUnderAnySplitOfSamplesAndHeads) {
  const AttentionSizes s{20, 5, 4, 3}, held{10, 5, 2, 3};
  const Vector qkv = random_qkv(s), dout = random_dout(s);
  const Result whole(DType::f64, s, qkv, dout, {7, 9, 0.4, 0, 0, 4});
  for (std::int64_t first_row : {0, 10})
    for (std::int64_t first_head : {0, 2}) {
      const Result part(DType::f64, held, block(qkv, s, 3, held, first_row, first_head),
                        block(dout, s, 1, held, first_row, first_head),
                        {7, 9, 0.4, first_row, first_head, 4});
      EXPECT_EQ(part.out.values(), block(whole.out.values(), s, 1, held, first_row, first_head));
      EXPECT_EQ(part.dqkv.values(), block(whole.dqkv.values(), s, 3, held, first_row, first_head));
    }
}

TEST(Attention, GivesTheSameBitsTwice) {
  struct Case {
    DType type;
    AttentionSizes sizes;
    double rate;
  };
  for (const auto& [type, s, rate] :
       {Case{DType::f32, {150, 75, 3, 16}, 0.1}, Case{DType::bf16, {1024, 512, 3, 64}, 0}}) {
    const AttentionDropout dropout{1, 2, rate, 0, 0, 3};
    const Result first(type, s, random_qkv(s), random_dout(s), dropout);
    const Result second(type, s, random_qkv(s), random_dout(s), dropout);
    EXPECT_TRUE(first.out.same_bits(second.out) && first.dqkv.same_bits(second.dqkv));
  }
}

TEST(Attention, IsTheLibrarysWhereTheBuildHasOneAndTheTableSaysSo) {
  const AttentionSizes s{128, 64, 2, 16}, odd{128, 64, 2, 12};
  for (const AttentionSizes sizes : {s, odd})
    for (const DType type : real_types)
      for (const double rate : {0.0, 0.1}) {
        const fused_attention::Call call = call_of(type, sizes, rate);
        const Array qkv(type, {sizes.rows, 3, sizes.heads, sizes.dim}, random_qkv(sizes));
        const Array out(type, {sizes.rows, sizes.heads, sizes.dim}),
            logsumexp(compute_type(type), {sizes.rows, sizes.heads});
        const AttentionTensors tensors{.qkv = qkv, .out = out, .logsumexp = logsumexp};
        const Workspace workspace(attention_workspace(attention_by, Pass::forward, call));
        const bool library = build_info::attention == AttentionBy::library && fused_attention::takes(call);
        EXPECT_EQ(enqueue_fused_attention(lane(), Pass::forward, call, 1, tensors, workspace), library)
            << name(type) << ", heads of " << sizes.dim << ", dropout " << rate;
        EXPECT_FALSE(enqueue_fused_attention(lane(), Pass::forward, call, 1, tensors, {}))
            << "without a workspace";
        lane().fence("the test");
      }
}

/// Sums of backward that are far, tiles that are, and both.
TEST(Attention, GivesTheSameBitsHoweverManyTeamsHaveAPlace) {
  if (on_host) GTEST_SKIP() << "a host's teams have all in their scratch";
  struct Case {
    DType type;
    AttentionSizes sizes;
  };
  for (const auto& [type, s] : {Case{DType::bf16, {300, 100, 3, 16}}, Case{DType::f64, {300, 100, 3, 80}},
                                Case{DType::bf16, {300, 100, 3, 128}}}) {
    const AttentionDropout dropout{1, 2, 0.1, 0, 0, 3};
    const fused_attention::Call call = call_of(type, s, dropout.rate);
    const std::int64_t far = tiled_attention::far_bytes(Pass::backward, call);
    ASSERT_GT(far, 0);
    EXPECT_EQ(attention_workspace(attention_by, Pass::backward, call), 9 * far) << "a head of a sample each";
    const Vector qkv = random_qkv(s), dout = random_dout(s);
    const Result all(type, s, qkv, dout, dropout);
    for (const std::int64_t teams : {1, 2, 7}) {
      const Result few(type, s, qkv, dout, dropout, teams);
      EXPECT_TRUE(few.out.same_bits(all.out) && few.dqkv.same_bits(all.dqkv)) << teams << " teams";
    }
  }
}

/// So large that backward is cut: a sample gives the bits that it gives alone.
TEST(Attention, IsTheSameInPieces) {
  if (build_info::attention != AttentionBy::library) GTEST_SKIP() << "no library in this build";
  const AttentionSizes s{64 * 2048, 2048, 2, 8}, held{2048, 2048, 2, 8};
  ASSERT_GT(pieces(Pass::backward, call_of(DType::bf16, s, 0)).size(), 1U);
  const Vector qkv = random_qkv(s), dout = random_dout(s);
  const Result whole(DType::bf16, s, qkv, dout, {});
  for (const std::int64_t sample : {0, 31, 32, 63}) {
    const std::int64_t row = sample * s.sequence;
    const Result part(DType::bf16, held, block(qkv, s, 3, held, row, 0), block(dout, s, 1, held, row, 0), {});
    EXPECT_EQ(part.out.values(), block(whole.out.values(), s, 1, held, row, 0));
    EXPECT_EQ(part.dqkv.values(), block(whole.dqkv.values(), s, 3, held, row, 0));
  }
}

}  // namespace
}  // namespace heddle::kernels
