// cuBLASLt stores matrices column by column, so a row-major c = a b is its c' = b' a'.
#include "cublaslt.hpp"

#include <chrono>
#include <cstring>
#include <string>

#include "heddle/base/device_rooms.hpp"
#include "heddle/base/error.hpp"
#include "heddle/kernels/bias_gelu.hpp"
#include "heddle/lanes/cuda/call.hpp"
#include "heddle/lanes/device.hpp"
#include "timed_operands.hpp"

namespace heddle::kernels {
namespace {

void check(cublasStatus_t status, const char* call) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw Error(ExitCode::failure, std::string(call) + " failed", cublasLtGetStatusString(status));
}
using lanes::cuda::check;

cudaDataType_t type_of(DType type) {
  return type == DType::f64 ? CUDA_R_64F : type == DType::bf16 ? CUDA_R_16BF : CUDA_R_32F;
}
cublasComputeType_t compute_of(const ProductKey& key) {
  if (compute_type(key.factors) == DType::f64) return CUBLAS_COMPUTE_64F;
  return key.rounding == Rounding::tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
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

constexpr std::size_t workspace_bytes = device_rooms::product_workspace;
static_assert(sizeof(cublasLtMatmulAlgo_t) == sizeof(ProductAlgorithm));

ProductAlgorithm bytes_of(const cublasLtMatmulAlgo_t& algorithm) {
  ProductAlgorithm bytes;
  std::memcpy(bytes.data(), &algorithm, sizeof algorithm);
  return bytes;
}
cublasLtMatmulAlgo_t algorithm_of(const ProductAlgorithm& bytes) {
  cublasLtMatmulAlgo_t algorithm;
  std::memcpy(&algorithm, bytes.data(), sizeof algorithm);
  return algorithm;
}

/// Of zeros: the plain product, then gelu's slope by a kernel.
constexpr ProductAlgorithm one_after_the_other = {};

}  // namespace

class CublasLt::Plan {
 public:
  Plan(cublasLtHandle_t handle, const ProductKey& key);
  ~Plan();
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  /// In the order of cuBLASLt's heuristic; only those that add up in one order every time. What has a second way begins with it.
  std::vector<ProductAlgorithm> algorithms(int most) const;
  bool takes(const ProductAlgorithm& algorithm) const;
  void choose(const ProductAlgorithm& algorithm) { chosen_ = algorithm_of(algorithm); }
  cublasStatus_t enqueue(const cublasLtMatmulAlgo_t& algorithm, const Operands& operands,
                         cudaStream_t stream) const;
  const cublasLtMatmulAlgo_t& chosen() const { return chosen_; }

 private:
  void point(const void* bias, const void* gelu_of) const;
  /// Where no matrix lies yet: cuBLASLt takes from these two pointers what they are aligned to, as preferences tell it of the others.
  void point_as_aligned() const {
    const void* const aligned = reinterpret_cast<const void*>(key_.alignment);
    point(aligned, aligned);
  }
  std::vector<ProductAlgorithm> heuristic(int most) const;

  cublasLtHandle_t handle_;
  ProductKey key_;
  cublasLtMatmulDesc_t product_ = nullptr;
  cublasLtMatrixLayout_t left_ = nullptr, right_ = nullptr, result_ = nullptr;
  cublasLtMatmulAlgo_t chosen_{};
};

CublasLt::Plan::Plan(cublasLtHandle_t handle, const ProductKey& key) : handle_(handle), key_(key) {
  check(cublasLtMatmulDescCreate(&product_, compute_of(key), type_of(compute_type(key.factors))),
        "cublasLtMatmulDescCreate");
  set(product_, CUBLASLT_MATMUL_DESC_TRANSA, operation(key.flips_b));
  set(product_, CUBLASLT_MATMUL_DESC_TRANSB, operation(key.flips_a));
  if (key.has_bias) set(product_, CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_BIAS);
  if (key.has_gelu) {
    set(product_, CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_DGELU);
    set(product_, CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, key.columns);
  }
  left_ = layout(key.factors, key.flips_b, key.inner, key.columns, key.b_stride);
  right_ = layout(key.factors, key.flips_a, key.rows, key.inner, key.a_stride);
  result_ = layout(key.result, false, key.rows, key.columns, key.c_stride);
  choose(algorithms(1).front());
}

CublasLt::Plan::~Plan() {
  for (cublasLtMatrixLayout_t one : {left_, right_, result_})
    if (one) cublasLtMatrixLayoutDestroy(one);
  if (product_) cublasLtMatmulDescDestroy(product_);
}

void CublasLt::Plan::point(const void* bias, const void* gelu_of) const {
  if (key_.has_bias) set(product_, CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias);
  if (key_.has_gelu) set(product_, CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, gelu_of);
}

/// cuBLASLt takes gelu's slope at rows that are a multiple of eight numbers apart.
std::vector<ProductAlgorithm> CublasLt::Plan::algorithms(int most) const {
  if (!key_.has_gelu) return heuristic(most);
  std::vector<ProductAlgorithm> all = {one_after_the_other};
  if (most > 1 && key_.columns % 8 == 0) {
    const std::vector<ProductAlgorithm> in_one_call = heuristic(most - 1);
    all.insert(all.end(), in_one_call.begin(), in_one_call.end());
  }
  return all;
}

std::vector<ProductAlgorithm> CublasLt::Plan::heuristic(int most) const {
  point_as_aligned();
  cublasLtMatmulPreference_t preference = nullptr;
  check(cublasLtMatmulPreferenceCreate(&preference), "cublasLtMatmulPreferenceCreate");
  set(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, workspace_bytes);
  set(preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
      std::uint32_t{CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE | CUBLASLT_REDUCTION_SCHEME_OUTPUT_TYPE});
  for (const auto which :
       {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
        CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES})
    set(preference, which, static_cast<std::uint32_t>(key_.alignment));
  // Not a vector: nvcc cannot name the destructor of this struct, which has no name.
  const auto found = std::make_unique<cublasLtMatmulHeuristicResult_t[]>(static_cast<std::size_t>(most));
  int count = 0;
  const cublasStatus_t status = cublasLtMatmulAlgoGetHeuristic(
      handle_, product_, left_, right_, result_, result_, preference, most, found.get(), &count);
  cublasLtMatmulPreferenceDestroy(preference);
  const bool none = status == CUBLAS_STATUS_NOT_SUPPORTED || (status == CUBLAS_STATUS_SUCCESS && count == 0);
  if (none && key_.has_gelu) return {};
  check(none ? CUBLAS_STATUS_NOT_SUPPORTED : status, "cublasLtMatmulAlgoGetHeuristic");
  std::vector<ProductAlgorithm> all;
  for (int i = 0; i < count; ++i) all.push_back(bytes_of(found[static_cast<std::size_t>(i)].algo));
  return all;
}

bool CublasLt::Plan::takes(const ProductAlgorithm& algorithm) const {
  if (key_.has_gelu && algorithm == one_after_the_other) return true;
  point_as_aligned();
  const cublasLtMatmulAlgo_t asked = algorithm_of(algorithm);
  cublasLtMatmulHeuristicResult_t result{};
  return cublasLtMatmulAlgoCheck(handle_, product_, left_, right_, result_, result_, &asked, &result) ==
             CUBLAS_STATUS_SUCCESS &&
         result.workspaceSize <= workspace_bytes;
}

cublasStatus_t CublasLt::Plan::enqueue(const cublasLtMatmulAlgo_t& algorithm, const Operands& operands,
                                       cudaStream_t stream) const {
  point(operands.bias, operands.gelu_of);
  const bool wide = compute_type(key_.factors) == DType::f64;
  const double one = 1, kept = key_.accumulates ? 1 : 0;
  const float one_narrow = 1, kept_narrow = static_cast<float>(kept);
  return cublasLtMatmul(handle_, product_, wide ? static_cast<const void*>(&one) : &one_narrow, operands.b,
                        left_, operands.a, right_, wide ? static_cast<const void*>(&kept) : &kept_narrow,
                        operands.c, result_, operands.c, result_, &algorithm, product_workspace(),
                        workspace_bytes, stream);
}

std::unique_ptr<CublasLt> CublasLt::the_library;

CublasLt& CublasLt::open() {
  if (!the_library) the_library.reset(new CublasLt);
  return *the_library;
}
void CublasLt::close() { the_library.reset(); }

CublasLt::CublasLt() { check(cublasLtCreate(&handle_), "cublasLtCreate"); }
CublasLt::~CublasLt() { cublasLtDestroy(handle_); }

CublasLt::Plan& CublasLt::plan(const ProductKey& key) {
  std::unique_ptr<Plan>& plan = plans_[key];
  if (!plan) plan = std::make_unique<Plan>(handle_, key);
  return *plan;
}

bool CublasLt::is_one_call(const ProductKey& key) {
  return bytes_of(plan(key).chosen()) != one_after_the_other;
}

void CublasLt::multiply(const Space& space, const ProductKey& key, const Operands& operands) {
  const Plan& plan = this->plan(key);
  check(plan.enqueue(plan.chosen(), operands, space.cuda_stream()), "cublasLtMatmul");
}

std::string CublasLt::name() const {
  return lanes::device()->name + ", cuBLASLt " + std::to_string(cublasLtGetVersion());
}

std::vector<ProductAlgorithm> CublasLt::algorithms(const ProductKey& key, int most) {
  return plan(key).algorithms(most);
}

bool CublasLt::takes(const ProductKey& key, const ProductAlgorithm& algorithm) {
  return plan(key).takes(algorithm);
}

/// False where it does not run.
bool CublasLt::enqueue_timed(const lanes::Lane& lane, const ProductKey& key,
                             const ProductAlgorithm& algorithm, const Operands& operands) {
  if (!key.has_gelu || algorithm != one_after_the_other)
    return plan(key).enqueue(algorithm_of(algorithm), operands, space(lane).cuda_stream()) ==
           CUBLAS_STATUS_SUCCESS;
  ProductKey plain = key;
  plain.has_gelu = false;
  multiply(space(lane), plain, {operands.a, operands.b, operands.c, nullptr});
  const Tensor result{operands.c, key.result, {key.rows, key.columns}};
  bias_gelu_gradient(lane, result, {operands.gelu_of, key.result, result.shape}, {}, result);
  return true;
}

/// The algorithms take turns, so that what the GPU's clock does falls on all alike. The first turn loads their code.
std::vector<std::vector<double>> CublasLt::seconds(const ProductKey& key,
                                                   std::span<const ProductAlgorithm> algorithms, int calls) {
  const lanes::Lane lane = lanes::device_lane();
  const TimedOperands timed(key);
  std::vector<std::vector<double>> all(algorithms.size());
  std::vector<bool> runs(algorithms.size(), true);
  for (int turn = 0; turn <= calls; ++turn)
    for (std::size_t i = 0; i < algorithms.size(); ++i) {
      if (!runs[i]) continue;
      timed.empty_cache();
      const lanes::Mark begin = lane.moment();
      runs[i] = enqueue_timed(lane, key, algorithms[i], timed.operands());
      const lanes::Mark end = lane.moment();
      lane.wait(end, "a product that is timed");
      const std::chrono::duration<double> seconds = end.when() - begin.when();
      if (runs[i] && turn > 0) all[i].push_back(seconds.count());
    }
  return all;
}

void CublasLt::choose(const ProductKey& key, const ProductAlgorithm& algorithm) {
  plan(key).choose(algorithm);
}

}  // namespace heddle::kernels
