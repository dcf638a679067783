#include "device_gemm.hpp"
#include "heddle/kernels/product_library.hpp"
#include "host_products.hpp"

namespace heddle::kernels {
namespace {

void multiply(const Matrix& a, const Matrix& b, const Matrix& c, Write write, const Tensor& bias) {
  if (a.dtype == DType::bf16) {
    if (!onednn_bf16_product(a, b, c, write, bias)) widened_product(a, b, c, write, bias);
    return;
  }
  if (bias.data) fill_rows({}, c, bias.data);
  plain_product(a, b, c, bias.data ? Write::accumulate : write);
}

}  // namespace

void plain_product(const Matrix& a, const Matrix& b, const Matrix& c, Write write) {
  if (!onednn_product(a, b, c, write)) eigen_product(a, b, c, write);
}

void enqueue_product(const lanes::Lane& lane, const Product& product, Write write) {
  lane.run([product, write] { multiply(product.a, product.b, product.c, write, product.bias); });
}

bool enqueue_gelu_gradient(const lanes::Lane&, const Product&) { return false; }

/// oneDNN and Eigen choose by the shape alone.
ProductLibrary* product_library() { return nullptr; }

std::string_view lacks_tf32() { return "hosts have no TF32"; }

std::string_view slow_products(DType type) { return type == DType::bf16 ? bf16_lacks() : ""; }

}  // namespace heddle::kernels
