#include "cublaslt.hpp"
#include "device_gemm.hpp"
#include "heddle/kernels/elementwise.hpp"

namespace heddle::kernels {
namespace {

/// cuBLASLt adds a bias of the type of c.
const void* bias_for(const lanes::Lane& lane, const Matrix& c, const Tensor& bias) {
  if (!bias.data || bias.dtype == c.dtype) return bias.data;
  const Tensor narrow{room_for_bias(bias.count()), c.dtype, bias.shape};
  convert(lane, bias, narrow);
  return narrow.data;
}

}  // namespace

void enqueue_product(const lanes::Lane& lane, const Product& product, Write write) {
  const Matrix &a = product.a, &b = product.b, &c = product.c;
  if (a.columns > 0)
    CublasLt::open().multiply(space(lane), key_of(product, write),
                              {a.data, b.data, c.data, bias_for(lane, c, product.bias)});
  else if (write == Write::overwrite)
    fill_rows(lane, c, product.bias.data);
}

bool enqueue_gelu_gradient(const lanes::Lane& lane, const Product& product) {
  const auto& [a, b, c, bias, rounding, gelu_of] = product;
  const ProductKey key = key_of(product, Write::overwrite);
  if (a.columns == 0 || !CublasLt::open().is_one_call(key)) return false;
  CublasLt::open().multiply(space(lane), key, {a.data, b.data, c.data, nullptr, gelu_of.data});
  return true;
}

ProductLibrary* product_library() { return &CublasLt::open(); }

std::string_view slow_products(DType) { return ""; }

std::string_view lacks_tf32() {
  int device = 0, major = 0;
  const bool told = cudaGetDevice(&device) == cudaSuccess &&
                    cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device) == cudaSuccess;
  HEDDLE_EXPECT(told);
  constexpr int ampere = 8;
  return major < ampere ? "this GPU has no TF32" : "";
}

}  // namespace heddle::kernels
