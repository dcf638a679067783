// gemm, the linear layer and the sums of its bias' gradient.
#include "heddle/kernels/linear.hpp"

#include "arrays.hpp"
#include "heddle/kernels/column_sum.hpp"
#include "heddle/kernels/gemm.hpp"

namespace heddle::kernels {
namespace {

struct Sizes {
  std::int64_t rows, in, out;
};
constexpr Sizes sizes[] = {{1, 1, 1}, {7, 5, 3}, {67, 129, 65}, {31, 64, 0}, {64, 1, 101}, {0, 3, 4}};

TEST(Gemm, TakesSubmatricesTransposesAndFactors) {
  const std::int64_t m = 13, n = 7, k = 9;
  const Vector a = random_values(m * k, 1), b = random_values(k * n, 2), c = random_values(m * n, 3);
  Vector expected = reference::gemm(a, b, m, n, k);
  for (std::size_t i = 0; i < expected.size(); ++i) expected[i] = 0.5 * expected[i] - 2 * c[i];
  for (DType type : real_types)
    for (bool flip_a : {false, true})
      for (bool flip_b : {false, true}) {
        const Array left(type, {flip_a ? k : m, flip_a ? m : k}, flip_a ? reference::transpose(a, m, k) : a);
        const Array right(type, {flip_b ? n : k, flip_b ? k : n}, flip_b ? reference::transpose(b, k, n) : b);
        Array result(type, {m, n}, c);
        const Matrix first = flip_a ? transposed(matrix(left)) : matrix(left);
        const Matrix second = flip_b ? transposed(matrix(right)) : matrix(right);
        gemm({}, 0.5, first, second, -2, matrix(result));
        expect_close(result, expected);

        Matrix part = matrix(result);  // the first three columns, in rows that are n long
        part.columns = 3;
        Matrix narrow = second;
        narrow.columns = 3;
        gemm({}, 1, first, narrow, 0, part);
        const Vector product = reference::gemm(a, b, m, n, k);
        for (std::size_t i = 0; i < expected.size(); ++i)
          ASSERT_NEAR(result.values()[i], i % n < 3 ? product[i] : expected[i], 1e-4);
      }
}

TEST(Gemm, WithoutReadingAResultThatItReplaces) {
  for (DType type : real_types) {
    const Array a(type, {2, 0}), b(type, {0, 3});
    Array c(type, {2, 3});  // NaN
    gemm({}, 1, matrix(a), matrix(b), 0, matrix(c));
    expect_close(c, Vector(6, 0.0));
  }
}

TEST(Linear, AgreesWithItsReference) {
  for (DType type : real_types)
    for (const auto [rows, in, out] : sizes) {
      const Vector x = random_values(rows * in, 1), w = random_values(out * in, 2), b = random_values(out, 3);
      const Array xs(type, {rows, in}, x), ws(type, {out, in}, w), bs(type, {out}, b);
      Array y(type, {rows, out});
      linear({}, xs, ws, bs, y);
      expect_close(y, reference::linear(x, w, b, rows, in, out));
      linear({}, xs, ws, no_tensor, y);
      expect_close(y, reference::linear(x, w, {}, rows, in, out));
    }
}

TEST(ColumnSum, AgreesWithItsReferenceAtTheEndsOfBlocksAndGroupsOfRows) {
  for (DType type : real_types)
    for (std::int64_t rows : {0, 1, 7, 8, 9, 23})
      for (std::int64_t width : {1, 17, 255, 256, 257, 600}) {
        const Vector dy = random_values(rows * width, 1), held = random_values(width, 2);
        const Array dys(type, {rows, width}, dy);
        Array fresh(type, {width}), more(type, {width}, held);
        column_sum({}, dys, fresh, Write::overwrite);
        expect_close(fresh, reference::column_sum(dy, rows, width));
        column_sum({}, dys, more, Write::accumulate);
        expect_close(more, reference::add(held, reference::column_sum(dy, rows, width)));
      }
}

TEST(Linear, GradientsAgreeWithTheirReferences) {
  for (DType type : real_types)
    for (const auto [rows, in, out] : sizes) {
      const Vector x = random_values(rows * in, 1), w = random_values(out * in, 2),
                   dy = random_values(rows * out, 3);
      const Array xs(type, {rows, in}, x), ws(type, {out, in}, w), dys(type, {rows, out}, dy);
      const Vector held_dw = random_values(out * in, 4), held_db = random_values(out, 5);
      Array dx(type, {rows, in}), dw(type, {out, in}, held_dw), db(type, {out}, held_db);
      linear_input_gradient({}, dys, ws, dx);
      expect_close(dx, reference::linear_input_gradient(dy, w, rows, in, out));
      const Vector expected_dw = reference::linear_weight_gradient(dy, x, rows, in, out);
      const Vector expected_db = reference::column_sum(dy, rows, out);
      linear_weight_gradient({}, dys, xs, dw, Write::accumulate);
      column_sum({}, dys, db, Write::accumulate);
      expect_close(dw, reference::add(held_dw, expected_dw));
      expect_close(db, reference::add(held_db, expected_db));
      linear_weight_gradient({}, dys, xs, dw, Write::overwrite);
      column_sum({}, dys, db, Write::overwrite);
      expect_close(dw, expected_dw);
      expect_close(db, expected_db);
    }
}

TEST(Linear, FlattensTheDimsOfHeads) {  // qkv: [3, H, D, C]; out: [C, H, D]
  const std::int64_t rows = 5, width = 12, heads = 3, dim = 4;
  const Vector x = random_values(rows * width, 1), w = random_values(3 * width * width, 2);
  const Array xs(DType::f64, {rows, width}, x), ws(DType::f64, {3, heads, dim, width}, w);
  Array qkv(DType::f64, {rows, 3, heads, dim}), y(DType::f64, {rows, width});
  linear({}, xs, ws, no_tensor, qkv);
  expect_close(qkv, reference::linear(x, w, {}, rows, width, 3 * width));
  const Array merged(DType::f64, {rows, heads, dim}, x);
  const Vector v = random_values(width * width, 3);
  linear({}, merged, Array(DType::f64, {width, heads, dim}, v), no_tensor, y);
  expect_close(y, reference::linear(x, v, {}, rows, width, width));
}

TEST(Linear, IsAdjointToItsGradients) {
  const std::int64_t rows = 11, in = 13, out = 17;
  const Vector x = random_values(rows * in, 1), w = random_values(out * in, 2),
               dy = random_values(rows * out, 3);
  const Array xs(DType::f64, {rows, in}, x), ws(DType::f64, {out, in}, w), dys(DType::f64, {rows, out}, dy);
  Array y(DType::f64, {rows, out}), dx(DType::f64, {rows, in}), dw(DType::f64, {out, in});
  linear({}, xs, ws, no_tensor, y);
  linear_input_gradient({}, dys, ws, dx);
  linear_weight_gradient({}, dys, xs, dw, Write::overwrite);
  const double forward = inner_product(y.values(), dy);
  EXPECT_NEAR(inner_product(x, dx.values()), forward, 1e-12 * std::abs(forward) + 1e-12);
  EXPECT_NEAR(inner_product(w, dw.values()), forward, 1e-12 * std::abs(forward) + 1e-12);
}

}  // namespace
}  // namespace heddle::kernels
