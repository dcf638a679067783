#include "emulator/cublaslt/product.hpp"

#include <bit>
#include <cmath>
#include <vector>

#include "emulator/failure.hpp"
#include "emulator/memory/memory.hpp"
#include "emulator/memory/numbers.hpp"

namespace heddle::emulator {
namespace {

Number number_of(cudaDataType_t type) {
  if (type != CUDA_R_64F && type != CUDA_R_32F && type != CUDA_R_16BF)
    fail("a matrix of a type that is not known: {}", static_cast<int>(type));
  return type == CUDA_R_64F ? Number::f64 : type == CUDA_R_32F ? Number::f32 : Number::bf16;
}

/// Ten bits of the mantissa, to the nearest, ties away from zero.
double as_tf32(double value) {
  const auto narrow = static_cast<float>(value);
  if (!std::isfinite(narrow)) return narrow;
  return std::bit_cast<float>((std::bit_cast<std::uint32_t>(narrow) + 0x1000) & 0xffffe000u);
}

class Matrix {
 public:
  Matrix() = default;  // none
  Matrix(const void* at, const MatrixLayout& layout, const char* name)
      : type_(number_of(layout.type)), stride_(layout.stride) {
    const std::int64_t bytes = ((layout.columns - 1) * layout.stride + layout.rows) * bytes_of(type_);
    if (reinterpret_cast<std::int64_t>(at) % bytes_of(type_) != 0)
      fail("matrix {} of a product is not aligned", name);
    data_ = reach(at, static_cast<std::size_t>(bytes));
    if (!data_)
      fail("matrix {} of {} x {} goes beyond the device's memory", name, layout.rows, layout.columns);
  }
  double read(std::int64_t row, std::int64_t column) const {
    return read_number(data_, type_, column * stride_ + row);
  }
  void write(std::int64_t row, std::int64_t column, double value) {
    write_number(data_, type_, column * stride_ + row, value);
  }

 private:
  Number type_ = Number::f32;
  std::int64_t stride_ = 0;
  char* data_ = nullptr;
};

/// Of gelu in the approximation by tanh.
double gelu_slope(double x) {
  constexpr double r = 0.79788456080286535588, q = 0.044715;
  const double t = std::tanh(r * (x + q * x * x * x));
  return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * r * (1 + 3 * q * x * x);
}

/// What is done to an element before it is written.
class Epilogue {
 public:
  explicit Epilogue(const Product& p) : kind_(p.kind.epilogue) {
    const MatrixLayout& c = p.layout_c;
    switch (kind_) {
      case CUBLASLT_EPILOGUE_DEFAULT: break;
      case CUBLASLT_EPILOGUE_BIAS: other_ = Matrix(p.kind.bias, {c.type, c.rows, 1, c.rows}, "bias"); break;
      case CUBLASLT_EPILOGUE_DGELU:
        other_ = Matrix(p.kind.aux, {c.type, c.rows, c.columns, p.kind.aux_stride}, "aux");
        break;
      default: fail("an epilogue of a product that is not known: {}", static_cast<int>(kind_));
    }
  }

  double operator()(double value, std::int64_t row, std::int64_t column) const {
    if (kind_ == CUBLASLT_EPILOGUE_BIAS) return value + other_.read(row, 0);
    if (kind_ == CUBLASLT_EPILOGUE_DGELU) return value * gelu_slope(other_.read(row, column));
    return value;
  }

 private:
  cublasLtEpilogue_t kind_;
  Matrix other_;  ///< a bias, or what gelu's slope is taken at
};

/// A factor as if nobody had transposed it.
struct Factor {
  Matrix matrix;
  bool transposed;
  std::int64_t rows, columns;
  Factor(const void* at, const MatrixLayout& layout, cublasOperation_t operation, const char* name)
      : matrix(at, layout, name),
        transposed(operation != CUBLAS_OP_N),
        rows(transposed ? layout.columns : layout.rows),
        columns(transposed ? layout.rows : layout.columns) {}
  double read(std::int64_t row, std::int64_t column) const {
    return transposed ? matrix.read(column, row) : matrix.read(row, column);
  }
};

template <class T>
void multiply_in(const Product& p) {
  const Factor a(p.a, p.layout_a, p.kind.a, "a"), b(p.b, p.layout_b, p.kind.b, "b");
  Matrix c(p.c, p.layout_c, "c");
  const std::int64_t m = p.layout_c.rows, n = p.layout_c.columns, k = a.columns;
  if (a.rows != m || b.columns != n || b.rows != k) fail("the matrices of a product do not fit each other");
  const bool narrows = p.kind.compute == CUBLAS_COMPUTE_32F_FAST_TF32;
  const auto factor = [&](double value) { return static_cast<T>(narrows ? as_tf32(value) : value); };
  std::vector<T> of_a;  // by columns, so that a column of c is a sum of them
  for (std::int64_t l = 0; l < k; ++l)
    for (std::int64_t i = 0; i < m; ++i) of_a.push_back(factor(a.read(i, l)));
  const Epilogue epilogue(p);
  for (std::int64_t j = 0; j < n; ++j) {
    std::vector<T> column(static_cast<std::size_t>(m));
    for (std::int64_t l = 0; l < k; ++l) {
      const T f = factor(b.read(l, j));
      const T* x = of_a.data() + l * m;
      for (std::int64_t i = 0; i < m; ++i) column[i] += x[i] * f;
    }
    for (std::int64_t i = 0; i < m; ++i) {
      const double before = p.beta == 0 ? 0 : p.beta * c.read(i, j);  // what is not read may be NaN
      c.write(i, j, epilogue(p.alpha * column[i] + before, i, j));
    }
  }
}

}  // namespace

void multiply(const Product& product) {
  if (product.kind.scale == CUDA_R_64F)
    multiply_in<double>(product);
  else
    multiply_in<float>(product);
}

}  // namespace heddle::emulator
