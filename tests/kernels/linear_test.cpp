// gemm, the linear layer and the sums of its bias' gradient.
#include "heddle/kernels/linear.hpp"

#include "heddle/kernels/bias_gelu.hpp"
#include "heddle/kernels/column_sum.hpp"
#include "products.hpp"

namespace heddle::kernels {
namespace {

TEST(Gemm, TakesSubmatricesAndTransposes) {
  const std::int64_t m = 13, n = 7, k = 9, some = 3;
  const Vector a = random_values(m * k, 1), b = random_values(k * n, 2), c = random_values(m * n, 3);
  const Vector product = reference::gemm(a, b, m, n, k);
  const Vector total = reference::gemm(magnitudes(a), magnitudes(b), m, n, k);
  for (DType type : real_types)
    for (DType stored : {type, compute_type(type)})
      for (bool flip_a : {false, true})
        for (bool flip_b : {false, true}) {
          const Factor left(type, m, k, a, flip_a), right(type, k, n, b, flip_b);
          Array result(stored, {m, n});
          gemm(lane(), left.matrix, right.matrix, matrix(result), Write::overwrite);
          expect_sums(result, product, total, k);

          Array kept(stored, {m, n}, c);  // but for its first columns, in rows that are n long
          Matrix part = matrix(kept), narrow = right.matrix;
          part.columns = narrow.columns = some;
          gemm(lane(), left.matrix, narrow, part, Write::overwrite);
          Vector expected = c;
          for (std::size_t i = 0; i < c.size(); ++i)
            if (i % n < some) expected[i] = product[i];
          expect_sums(kept, expected, total, k);
        }
}

TEST(Gemm, AddsUpInWhatIsComputedIn) {
  for (DType type : real_types)
    for (const auto [m, k, n] : sizes) {
      const Vector a = random_values(m * k, 1), b = random_values(k * n, 2), held = random_values(m * n, 3);
      const Array left(type, {m, k}, a), right(type, {k, n}, b);
      Array sum(compute_type(type), {m, n}, held);
      Vector expected = held, total = magnitudes(held);
      for (std::int64_t times = 1; times <= 2; ++times) {
        gemm(lane(), matrix(left), matrix(right), matrix(sum), Write::accumulate);
        expected = reference::add(expected, reference::gemm(a, b, m, n, k));
        total = reference::add(total, reference::gemm(magnitudes(a), magnitudes(b), m, n, k));
        expect_sums(sum, expected, total, times * (k + 1));
      }
    }
}

TEST(Gemm, MultipliesByGelusSlope) {
  for (DType type : real_types)
    for (const auto [m, k, n] : sizes) {
      const Array a(type, {m, k}, random_values(m * k, 1)), b(type, {k, n}, random_values(k * n, 2)),
          at(type, {m, n}, random_values(m * n, 3));
      Array once(type, {m, n}), after(type, {m, n});
      gemm(lane(), {.a = matrix(a), .b = matrix(b), .c = matrix(once), .gelu_of = at}, Write::overwrite);
      gemm(lane(), matrix(a), matrix(b), matrix(after), Write::overwrite);
      bias_gelu_gradient(lane(), after, at, {}, after);
      EXPECT_TRUE(once.same_bits(after)) << "where nobody chooses, it is one after the other";
    }
}

TEST(Gemm, WithoutReadingAResultThatItReplaces) {
  for (DType type : real_types) {
    const Array a(type, {2, 0}), b(type, {0, 3}), bias(compute_type(type), {3}, {1, 2, 3});
    Array c(type, {2, 3});  // NaN
    gemm(lane(), matrix(a), matrix(b), matrix(c), Write::overwrite);
    expect_close(c, Vector(6, 0.0));
    gemm(lane(), matrix(a), matrix(b), matrix(c), Write::overwrite, bias);
    expect_close(c, {1, 2, 3, 1, 2, 3});
  }
}

/// Each factor loses all but 10 bits of its fraction, and with them less than 2^-10 of itself, rounded or cut off.
constexpr double tf32_products = 2 * 0x1p-10 + 0x1p-20;

TEST(Gemm, InTf32LosesBitsOfTheFactorsAlone) {
  for (const auto [m, k, n] : sizes)
    for (const bool flips : {false, true}) {
      const Vector a = random_values(m * k, 1, DType::f32), b = random_values(k * n, 2, DType::f32),
                   held = random_values(m * n, 3, DType::f32), row = random_values(n, 4, DType::f32);
      const Factor left(DType::f32, m, k, a, flips), right(DType::f32, k, n, b, !flips);
      const Array bias(DType::f32, {n}, row), sum(DType::f32, {m, n}, held);
      Array fresh(DType::f32, {m, n}), plain(DType::f32, {m, n});
      gemm(lane(), left.matrix, right.matrix, matrix(plain), Write::overwrite, bias);
      gemm(lane(), left.matrix, right.matrix, matrix(fresh), Write::overwrite, bias, Rounding::tf32);
      gemm(lane(), left.matrix, right.matrix, matrix(sum), Write::accumulate, {}, Rounding::tf32);
      const Vector product = reference::gemm(a, b, m, n, k),
                   total = reference::gemm(magnitudes(a), magnitudes(b), m, n, k);
      const auto with_row = [&](const Vector& sums, const Vector& added) {
        Vector all = sums;
        for (std::size_t i = 0; i < all.size(); ++i) all[i] += added[i % added.size()];
        return all;
      };
      const double lost = lacks_tf32().empty() ? tf32_products : 0;
      expect_sums(fresh, with_row(product, row), with_row(total, magnitudes(row)), k + 1, lost);
      expect_sums(sum, reference::add(held, product), reference::add(magnitudes(held), total), k + 1, lost);
      if (lost == 0) {
        EXPECT_TRUE(fresh.same_bits(plain));
      }
    }
}

TEST(Gemm, RoundsFactorsWhereItIsToldToOnly) {
  const std::int64_t side = 256;
  const double little = 0x1p-12;  // beside 1, less than TF32 has a place for
  const Vector ones(static_cast<std::size_t>(side * side), 1);
  const Array a(DType::f32, {side, side}, Vector(ones.size(), 1 + little)), b(DType::f32, {side, side}, ones);
  const double whole = static_cast<double>(side);
  for (const Rounding rounding : {Rounding::none, Rounding::tf32}) {
    const bool rounds = rounding == Rounding::tf32 && lacks_tf32().empty();
    Array c(DType::f32, {side, side});
    gemm(lane(), matrix(a), matrix(b), matrix(c), Write::overwrite, {}, rounding);
    for (const double value : c.values()) ASSERT_EQ(value, rounds ? whole : whole * (1 + little));
  }
}

TEST(Gemm, IsSlowForBf16Only) {
  EXPECT_EQ(slow_products(DType::f32), "");
  EXPECT_EQ(slow_products(DType::f64), "");
}

TEST(Linear, AgreesWithItsReference) {
  for (DType type : real_types)
    for (const auto [rows, in, out] : sizes) {
      const Vector x = random_values(rows * in, 1), w = random_values(out * in, 2), b = random_values(out, 3);
      const Array xs(type, {rows, in}, x), ws(type, {out, in}, w), bs(compute_type(type), {out}, b);
      Array y(type, {rows, out});
      for (const bool with_bias : {true, false}) {
        const Vector bias = with_bias ? b : Vector();
        gemm(lane(), linear_product(xs, ws, with_bias ? bs : no_tensor, y), Write::overwrite);
        expect_sums(y, reference::linear(x, w, bias, rows, in, out),
                    reference::linear(magnitudes(x), magnitudes(w), magnitudes(bias), rows, in, out), in + 1);
      }
    }
}

TEST(ColumnSum, AgreesWithItsReferenceAtTheEndsOfBlocksAndGroupsOfRows) {
  for (DType type : real_types)
    for (std::int64_t rows : {0, 1, 7, 8, 9, 23})
      for (std::int64_t width : {1, 17, 255, 256, 257, 600}) {
        const Vector dy = random_values(rows * width, 1), held = random_values(width, 2);
        const Array dys(type, {rows, width}, dy);
        Array fresh(compute_type(type), {width}), more(compute_type(type), {width}, held);
        column_sum(lane(), dys, fresh, Write::overwrite);
        expect_close(fresh, reference::column_sum(dy, rows, width));
        column_sum(lane(), dys, more, Write::accumulate);
        expect_close(more, reference::add(held, reference::column_sum(dy, rows, width)));
      }
}

TEST(Linear, GradientsAgreeWithTheirReferences) {
  for (DType type : real_types)
    for (const auto [rows, in, out] : sizes) {
      const Vector x = random_values(rows * in, 1), w = random_values(out * in, 2),
                   dy = random_values(rows * out, 3), held = random_values(out * in, 4);
      const Array xs(type, {rows, in}, x), ws(type, {out, in}, w), dys(type, {rows, out}, dy);
      Array dx(type, {rows, in}), dw(compute_type(type), {out, in}, held);
      gemm(lane(), input_gradient_product(dys, ws, dx), Write::overwrite);
      expect_sums(dx, reference::linear_input_gradient(dy, w, rows, in, out),
                  reference::linear_input_gradient(magnitudes(dy), magnitudes(w), rows, in, out), out);
      const Vector expected = reference::linear_weight_gradient(dy, x, rows, in, out);
      const Vector total = reference::linear_weight_gradient(magnitudes(dy), magnitudes(x), rows, in, out);
      gemm(lane(), weight_gradient_product(dys, xs, dw), Write::accumulate);
      expect_sums(dw, reference::add(held, expected), reference::add(magnitudes(held), total), rows + 1);
      gemm(lane(), weight_gradient_product(dys, xs, dw), Write::overwrite);
      expect_sums(dw, expected, total, rows);
    }
}

TEST(Linear, GivesTheSameBitsTwice) {
  const std::int64_t rows = 515, in = 129, out = 530;
  for (DType type : real_types) {
    const Array x(type, {rows, in}, random_values(rows * in, 1)),
        w(type, {out, in}, random_values(out * in, 2)), dy(type, {rows, out}, random_values(rows * out, 3)),
        bias(compute_type(type), {out}, random_values(out, 4));
    struct Results {
      Array y, dx, dw;
    };
    const auto results = [&] {
      Results r{Array(type, {rows, out}), Array(type, {rows, in}),
                Array(compute_type(type), {out, in}, Vector(static_cast<std::size_t>(out * in), 1.0))};
      gemm(lane(), linear_product(x, w, bias, r.y), Write::overwrite);
      gemm(lane(), input_gradient_product(dy, w, r.dx), Write::overwrite);
      gemm(lane(), weight_gradient_product(dy, x, r.dw), Write::accumulate);
      return r;
    };
    const Results once = results(), again = results();
    EXPECT_TRUE(once.y.same_bits(again.y));
    EXPECT_TRUE(once.dx.same_bits(again.dx));
    EXPECT_TRUE(once.dw.same_bits(again.dw));
  }
}

TEST(Linear, FlattensTheDimsOfHeads) {  // qkv: [3, H, D, C]; out: [C, H, D]
  const std::int64_t rows = 5, width = 12, heads = 3, dim = 4;
  const Vector x = random_values(rows * width, 1), w = random_values(3 * width * width, 2);
  const Array xs(DType::f64, {rows, width}, x), ws(DType::f64, {3, heads, dim, width}, w);
  Array qkv(DType::f64, {rows, 3, heads, dim}), y(DType::f64, {rows, width});
  gemm(lane(), linear_product(xs, ws, no_tensor, qkv), Write::overwrite);
  expect_close(qkv, reference::linear(x, w, {}, rows, width, 3 * width));
  const Array merged(DType::f64, {rows, heads, dim}, x);
  const Vector v = random_values(width * width, 3);
  gemm(lane(), linear_product(merged, Array(DType::f64, {width, heads, dim}, v), no_tensor, y),
       Write::overwrite);
  expect_close(y, reference::linear(x, v, {}, rows, width, width));
}

TEST(Linear, IsAdjointToItsGradients) {
  const std::int64_t rows = 11, in = 13, out = 17;
  const Vector x = random_values(rows * in, 1), w = random_values(out * in, 2),
               dy = random_values(rows * out, 3);
  const Array xs(DType::f64, {rows, in}, x), ws(DType::f64, {out, in}, w), dys(DType::f64, {rows, out}, dy);
  Array y(DType::f64, {rows, out}), dx(DType::f64, {rows, in}), dw(DType::f64, {out, in});
  gemm(lane(), linear_product(xs, ws, no_tensor, y), Write::overwrite);
  gemm(lane(), input_gradient_product(dys, ws, dx), Write::overwrite);
  gemm(lane(), weight_gradient_product(dys, xs, dw), Write::overwrite);
  const double forward = inner_product(y.values(), dy);
  EXPECT_NEAR(inner_product(x, dx.values()), forward, 1e-12 * std::abs(forward) + 1e-12);
  EXPECT_NEAR(inner_product(w, dw.values()), forward, 1e-12 * std::abs(forward) + 1e-12);
}

}  // namespace
}  // namespace heddle::kernels
