// Products by cuBLASLt: its handle, and the plan of each kind of product that was met.
#pragma once

#include <cublasLt.h>

#include <map>
#include <memory>

#include "heddle/kernels/product_library.hpp"
#include "space.hpp"

namespace heddle::kernels {

/// Memory of base/device_rooms.hpp, which the Runtime holds. A bias lies there until the next product is enqueued.
void* product_workspace();
void* room_for_bias(std::int64_t count);

class CublasLt final : public ProductLibrary {
 public:
  /// Where the matrices of a product begin. The bias is of the type of c, or null; so is what gelu's slope is taken at.
  struct Operands {
    const void *a, *b;
    void* c;
    const void* bias;
    void* gelu_of = nullptr;
  };

  static CublasLt& open();
  static void close();
  ~CublasLt() override;

  /// Was an algorithm chosen for it that multiplies by gelu's slope, too?
  bool is_one_call(const ProductKey& key);
  /// Enqueues c = a b or c += a b, by the algorithm that was chosen, else by the library's first.
  void multiply(const Space& space, const ProductKey& key, const Operands& operands);

  std::string name() const override;
  std::vector<ProductAlgorithm> algorithms(const ProductKey& key, int most) override;
  bool takes(const ProductKey& key, const ProductAlgorithm& algorithm) override;
  std::vector<std::vector<double>> seconds(const ProductKey& key,
                                           std::span<const ProductAlgorithm> algorithms, int calls) override;
  void choose(const ProductKey& key, const ProductAlgorithm& algorithm) override;

 private:
  class Plan;
  CublasLt();
  Plan& plan(const ProductKey& key);
  bool enqueue_timed(const lanes::Lane& lane, const ProductKey& key, const ProductAlgorithm& algorithm,
                     const Operands& operands);

  static std::unique_ptr<CublasLt> the_library;

  cublasLtHandle_t handle_ = nullptr;
  std::map<ProductKey, std::unique_ptr<Plan>> plans_;
};

}  // namespace heddle::kernels
