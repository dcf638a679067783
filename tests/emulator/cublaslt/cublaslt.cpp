// cuBLASLt's calls. Its algorithms are three that compute the same.
#include <cublasLt.h>

#include <algorithm>
#include <cstring>

#include "emulator/cublaslt/product.hpp"
#include "emulator/failure.hpp"
#include "emulator/memory/memory.hpp"
#include "emulator/runtime/handles.hpp"

namespace heddle::emulator {
namespace {

constexpr std::uint64_t first_algorithm = 0x1000;
constexpr int algorithms = 3;

template <class To, class Handle>
To& of(Handle handle) {
  return *reinterpret_cast<To*>(handle);
}

template <class Handle, class Made>
cublasStatus_t made(Handle* handle, Made* object) {
  *handle = reinterpret_cast<Handle>(object);
  return CUBLAS_STATUS_SUCCESS;
}

bool is_known(const cublasLtMatmulAlgo_t& algorithm) {
  return algorithm.data[0] - first_algorithm < algorithms;
}

template <class T>
void set(T& attribute, const void* value, std::size_t bytes) {
  if (bytes != sizeof attribute)
    fail("an attribute of a product has {} bytes, not {}", bytes, sizeof attribute);
  std::memcpy(&attribute, value, sizeof attribute);
}

/// What the real one asks of gelu's slope, and that it is told what pointers will be aligned to.
bool takes(const ProductKind& kind) {
  if (kind.epilogue == CUBLASLT_EPILOGUE_BIAS) return kind.bias != nullptr;
  if (kind.epilogue == CUBLASLT_EPILOGUE_DGELU) return kind.aux && kind.aux_stride % 8 == 0;
  return true;
}

double scale_of(const void* at, cudaDataType_t type) {
  return type == CUDA_R_64F ? *static_cast<const double*>(at) : *static_cast<const float*>(at);
}

}  // namespace

extern "C" {

cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) { return made(handle, new int); }
cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) {
  delete &of<int>(handle);
  return CUBLAS_STATUS_SUCCESS;
}
const char* cublasLtGetStatusString(cublasStatus_t status) {
  return status == CUBLAS_STATUS_SUCCESS ? "success" : "an error of the emulator";
}
std::size_t cublasLtGetVersion() { return CUBLAS_VERSION; }

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* kind, cublasComputeType_t compute,
                                        cudaDataType_t scale) {
  return made(kind, new ProductKind{.compute = compute, .scale = scale});
}
cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t kind) {
  delete &of<ProductKind>(kind);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t handle,
                                              cublasLtMatmulDescAttributes_t attribute, const void* value,
                                              std::size_t bytes) {
  auto& kind = of<ProductKind>(handle);
  switch (attribute) {
    case CUBLASLT_MATMUL_DESC_TRANSA: set(kind.a, value, bytes); break;
    case CUBLASLT_MATMUL_DESC_TRANSB: set(kind.b, value, bytes); break;
    case CUBLASLT_MATMUL_DESC_EPILOGUE: set(kind.epilogue, value, bytes); break;
    case CUBLASLT_MATMUL_DESC_BIAS_POINTER: set(kind.bias, value, bytes); break;
    case CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER: set(kind.aux, value, bytes); break;
    case CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD: set(kind.aux_stride, value, bytes); break;
    default: fail("an attribute of a product that is not known: {}", static_cast<int>(attribute));
  }
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* layout, cudaDataType_t type,
                                          std::uint64_t rows, std::uint64_t columns, std::int64_t stride) {
  const auto r = static_cast<std::int64_t>(rows), c = static_cast<std::int64_t>(columns);
  made(layout, new MatrixLayout{type, r, c, stride});
  return stride < r ? CUBLAS_STATUS_INVALID_VALUE : CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) {
  delete &of<MatrixLayout>(layout);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* preference) {
  return made(preference, new int);
}
cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
  delete &of<int>(preference);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t,
                                                    cublasLtMatmulPreferenceAttributes_t, const void*,
                                                    std::size_t) {
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t kind,
                                              cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,
                                              cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,
                                              cublasLtMatmulPreference_t, int most,
                                              cublasLtMatmulHeuristicResult_t* results, int* count) {
  *count = 0;
  if (!takes(of<ProductKind>(kind))) return CUBLAS_STATUS_NOT_SUPPORTED;
  *count = std::min(most, algorithms);
  for (int i = 0; i < *count; ++i) {
    results[i] = {};
    results[i].algo.data[0] = first_algorithm + static_cast<std::uint64_t>(i);
    results[i].state = CUBLAS_STATUS_SUCCESS;
    results[i].wavesCount = 1;
  }
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulAlgoCheck(cublasLtHandle_t, cublasLtMatmulDesc_t kind, cublasLtMatrixLayout_t,
                                       cublasLtMatrixLayout_t, cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,
                                       const cublasLtMatmulAlgo_t* algorithm,
                                       cublasLtMatmulHeuristicResult_t* result) {
  if (!is_known(*algorithm) || !takes(of<ProductKind>(kind))) return CUBLAS_STATUS_INVALID_VALUE;
  *result = {};
  result->algo = *algorithm;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t desc, const void* alpha, const void* a,
                              cublasLtMatrixLayout_t layout_a, const void* b, cublasLtMatrixLayout_t layout_b,
                              const void* beta, const void* c, cublasLtMatrixLayout_t, void* d,
                              cublasLtMatrixLayout_t layout_d, const cublasLtMatmulAlgo_t* algorithm,
                              void* workspace, std::size_t workspace_bytes, cudaStream_t stream) {
  const auto kind = of<ProductKind>(desc);
  if (!algorithm || !is_known(*algorithm)) return CUBLAS_STATUS_INVALID_VALUE;
  const double beta_value = scale_of(beta, kind.scale);
  if (beta_value != 0 && c != d) fail("a product is added to another matrix than it is written to");
  char* const room = reach(workspace, workspace_bytes);
  if (!room) fail("a product's workspace is not the device's");
  const Product product{kind,
                        scale_of(alpha, kind.scale),
                        beta_value,
                        a,
                        b,
                        d,
                        of<MatrixLayout>(layout_a),
                        of<MatrixLayout>(layout_b),
                        of<MatrixLayout>(layout_d)};
  Gpu::get().enqueue(stream_of(stream),
                     [product, room, spoilt = std::min<std::size_t>(workspace_bytes, 4096)] {
                       std::memset(room, 0xff, spoilt);  // a library leaves there what it likes
                       multiply(product);
                       return true;
                     });
  return CUBLAS_STATUS_SUCCESS;
}

}  // extern "C"
}  // namespace heddle::emulator
