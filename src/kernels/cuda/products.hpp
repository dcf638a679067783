// What cuBLASLt needs for a product: its handle, a workspace, and the plan of each kind of product that was met.
#pragma once

#include <cublasLt.h>

#include <map>
#include <memory>

#include "heddle/kernels/gemm.hpp"
#include "space.hpp"

namespace heddle::kernels {

/// Of a product's matrices what its plan depends on.
struct ProductKey {
  ProductKey(const Matrix& a, const Matrix& b, const Matrix& c, Write write, const void* bias);
  DType factors, result;
  bool flips_a, flips_b, accumulates, has_bias;
  std::int64_t rows, columns, inner, a_stride, b_stride, c_stride;
  std::uint32_t alignment;  ///< bytes that all of them are aligned to, at most 256

  friend auto operator<=>(const ProductKey&, const ProductKey&) = default;
};

class Products {
 public:
  static Products& open();
  static void close();  ///< before Kokkos

  /// Enqueues c = a b or c += a b. `bias` is of the type of c, or null.
  void multiply(const Space& space, const Matrix& a, const Matrix& b, const Matrix& c, Write write,
                const void* bias);
  /// Memory of the device for a bias of so many bf16 numbers, until the next product is enqueued.
  void* room_for_bias(std::int64_t count);

 private:
  struct Plan;
  Products();
  ~Products();
  const Plan& plan(const ProductKey& key);

  static std::unique_ptr<Products> the_products;
  friend std::default_delete<Products>;

  cublasLtHandle_t handle_ = nullptr;
  void* workspace_ = nullptr;
  std::map<ProductKey, std::unique_ptr<Plan>> plans_;
};

}  // namespace heddle::kernels
