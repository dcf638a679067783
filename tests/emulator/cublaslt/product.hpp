// A product of matrices by plain loops, with what cuBLASLt does to its elements.
#pragma once
#include <cublasLt.h>

#include <cstdint>

namespace heddle::emulator {

struct ProductKind {
  cublasComputeType_t compute;
  cudaDataType_t scale;
  cublasOperation_t a = CUBLAS_OP_N, b = CUBLAS_OP_N;
  cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
  const void* bias = nullptr;
  void* aux = nullptr;
  std::int64_t aux_stride = 0;
};

/// By columns, as all of cuBLAS.
struct MatrixLayout {
  cudaDataType_t type;
  std::int64_t rows, columns, stride;
};

struct Product {
  ProductKind kind;
  double alpha, beta;
  const void *a, *b;
  void* c;  ///< holds what beta multiplies, too
  MatrixLayout layout_a, layout_b, layout_c;
};

void multiply(const Product& product);

}  // namespace heddle::emulator
