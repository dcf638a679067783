// The plain meaning of gemm.hpp, linear.hpp and column_sum.hpp.
#include "heddle/kernels/reference.hpp"

namespace heddle::kernels::reference {

Vector gemm(const Vector& a, const Vector& b, Int m, Int n, Int k) {
  Vector c(m * n, 0.0);
  for (Int i = 0; i < m; ++i)
    for (Int j = 0; j < n; ++j)
      for (Int l = 0; l < k; ++l) c[i * n + j] += a[i * k + l] * b[l * n + j];
  return c;
}

Vector transpose(const Vector& a, Int rows, Int columns) {
  Vector b(rows * columns);
  for (Int i = 0; i < rows; ++i)
    for (Int j = 0; j < columns; ++j) b[j * rows + i] = a[i * columns + j];
  return b;
}

Vector linear(const Vector& x, const Vector& w, const Vector& bias, Int rows, Int in, Int out) {
  Vector y = gemm(x, transpose(w, out, in), rows, out, in);
  for (Int i = 0; i < rows * out && !bias.empty(); ++i) y[i] += bias[i % out];
  return y;
}

Vector linear_input_gradient(const Vector& dy, const Vector& w, Int rows, Int in, Int out) {
  return gemm(dy, w, rows, in, out);
}

Vector linear_weight_gradient(const Vector& dy, const Vector& x, Int rows, Int in, Int out) {
  return gemm(transpose(dy, rows, out), x, out, in, rows);
}

Vector column_sum(const Vector& dy, Int rows, Int columns) {
  Vector db(columns, 0.0);
  for (Int r = 0; r < rows; ++r)
    for (Int c = 0; c < columns; ++c) db[c] += dy[r * columns + c];
  return db;
}

}  // namespace heddle::kernels::reference
