// cuBLASLt stores matrices column by column, so a row-major c = a b is its c' = b' a'.
#include "products.hpp"

#include <string>

#include "heddle/base/error.hpp"

namespace heddle::kernels {
namespace {

constexpr std::size_t workspace_bytes = std::size_t{32} << 20;  // what NVIDIA recommends for Hopper
constexpr std::int64_t longest_bias = std::int64_t{1} << 20;    // numbers, of bf16, behind it

void check(cublasStatus_t status, const char* call) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw Error(ExitCode::failure, std::string(call) + " failed", cublasLtGetStatusString(status));
}

cudaDataType_t type_of(DType type) {
  return type == DType::f64 ? CUDA_R_64F : type == DType::bf16 ? CUDA_R_16BF : CUDA_R_32F;
}
cublasComputeType_t compute_of(DType type) {
  return type == DType::f64 ? CUBLAS_COMPUTE_64F : CUBLAS_COMPUTE_32F;
}
cublasOperation_t operation(bool flips) { return flips ? CUBLAS_OP_T : CUBLAS_OP_N; }

template <class T>
void set(cublasLtMatmulDesc_t product, cublasLtMatmulDescAttributes_t attribute, const T& value) {
  check(cublasLtMatmulDescSetAttribute(product, attribute, &value, sizeof value),
        "cublasLtMatmulDescSetAttribute");
}
template <class T>
void set(cublasLtMatmulPreference_t preference, cublasLtMatmulPreferenceAttributes_t attribute,
         const T& value) {
  check(cublasLtMatmulPreferenceSetAttribute(preference, attribute, &value, sizeof value),
        "cublasLtMatmulPreferenceSetAttribute");
}

/// A row-major matrix as it is stored, column by column.
cublasLtMatrixLayout_t layout(DType type, bool flips, std::int64_t rows, std::int64_t columns,
                              std::int64_t stride) {
  cublasLtMatrixLayout_t made = nullptr;
  check(cublasLtMatrixLayoutCreate(&made, type_of(type), static_cast<std::uint64_t>(flips ? rows : columns),
                                   static_cast<std::uint64_t>(flips ? columns : rows), stride),
        "cublasLtMatrixLayoutCreate");
  return made;
}

/// The largest power of two, up to 256, that divides all addresses.
std::uint32_t common_alignment(std::initializer_list<const void*> all) {
  std::uintptr_t bits = 256;
  for (const void* address : all) bits |= reinterpret_cast<std::uintptr_t>(address);
  return static_cast<std::uint32_t>(bits & (~bits + 1));
}

}  // namespace

ProductKey::ProductKey(const Matrix& a, const Matrix& b, const Matrix& c, Write write, const void* bias)
    : factors(a.dtype),
      result(c.dtype),
      flips_a(a.transpose == Transpose::yes),
      flips_b(b.transpose == Transpose::yes),
      accumulates(write == Write::accumulate),
      has_bias(bias),
      rows(c.rows),
      columns(c.columns),
      inner(a.columns),
      a_stride(a.stride),
      b_stride(b.stride),
      c_stride(c.stride),
      alignment(common_alignment({a.data, b.data, c.data, bias})) {}

struct Products::Plan {
  Plan(cublasLtHandle_t handle, const ProductKey& key);
  ~Plan();
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  cublasLtMatmulDesc_t product = nullptr;
  cublasLtMatrixLayout_t left = nullptr, right = nullptr, result = nullptr;
  cublasLtMatmulAlgo_t algorithm{};
};

/// The first that cuBLASLt would take of those that add up in one order every time.
Products::Plan::Plan(cublasLtHandle_t handle, const ProductKey& key) {
  const DType sums = compute_type(key.factors);
  check(cublasLtMatmulDescCreate(&product, compute_of(sums), type_of(sums)), "cublasLtMatmulDescCreate");
  set(product, CUBLASLT_MATMUL_DESC_TRANSA, operation(key.flips_b));
  set(product, CUBLASLT_MATMUL_DESC_TRANSB, operation(key.flips_a));
  if (key.has_bias) set(product, CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_BIAS);
  left = layout(key.factors, key.flips_b, key.inner, key.columns, key.b_stride);
  right = layout(key.factors, key.flips_a, key.rows, key.inner, key.a_stride);
  result = layout(key.result, false, key.rows, key.columns, key.c_stride);

  cublasLtMatmulPreference_t preference = nullptr;
  check(cublasLtMatmulPreferenceCreate(&preference), "cublasLtMatmulPreferenceCreate");
  set(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, workspace_bytes);
  set(preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
      std::uint32_t{CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE | CUBLASLT_REDUCTION_SCHEME_OUTPUT_TYPE});
  for (const auto which :
       {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
        CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES})
    set(preference, which, key.alignment);
  cublasLtMatmulHeuristicResult_t found;
  int count = 0;
  const cublasStatus_t status = cublasLtMatmulAlgoGetHeuristic(handle, product, left, right, result, result,
                                                               preference, 1, &found, &count);
  cublasLtMatmulPreferenceDestroy(preference);
  check(count > 0 ? status : CUBLAS_STATUS_NOT_SUPPORTED, "cublasLtMatmulAlgoGetHeuristic");
  algorithm = found.algo;
}

Products::Plan::~Plan() {
  for (cublasLtMatrixLayout_t one : {left, right, result})
    if (one) cublasLtMatrixLayoutDestroy(one);
  if (product) cublasLtMatmulDescDestroy(product);
}

std::unique_ptr<Products> Products::the_products;

Products& Products::open() {
  if (!the_products) the_products.reset(new Products);
  return *the_products;
}
void Products::close() { the_products.reset(); }

Products::Products() {
  check(cublasLtCreate(&handle_), "cublasLtCreate");
  workspace_ =
      Kokkos::kokkos_malloc<MemorySpace>("products", workspace_bytes + longest_bias * size_of(DType::bf16));
}
Products::~Products() {
  Kokkos::kokkos_free<MemorySpace>(workspace_);
  cublasLtDestroy(handle_);
}

void* Products::room_for_bias(std::int64_t count) {
  HEDDLE_EXPECT(count <= longest_bias);
  return static_cast<char*>(workspace_) + workspace_bytes;
}

const Products::Plan& Products::plan(const ProductKey& key) {
  std::unique_ptr<Plan>& plan = plans_[key];
  if (!plan) plan = std::make_unique<Plan>(handle_, key);
  return *plan;
}

void Products::multiply(const Space& space, const Matrix& a, const Matrix& b, const Matrix& c, Write write,
                        const void* bias) {
  const Plan& plan = this->plan(ProductKey(a, b, c, write, bias));
  if (bias) set(plan.product, CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias);
  const bool wide = compute_type(a.dtype) == DType::f64;
  const double one = 1, kept = write == Write::accumulate ? 1 : 0;
  const float one_narrow = 1, kept_narrow = static_cast<float>(kept);
  check(cublasLtMatmul(handle_, plan.product, wide ? static_cast<const void*>(&one) : &one_narrow, b.data,
                       plan.left, a.data, plan.right, wide ? static_cast<const void*>(&kept) : &kept_narrow,
                       c.data, plan.result, c.data, plan.result, &plan.algorithm, workspace_, workspace_bytes,
                       space.cuda_stream()),
        "cublasLtMatmul");
}

}  // namespace heddle::kernels
