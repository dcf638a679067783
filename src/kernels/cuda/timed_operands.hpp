// Memory for timing products.
#pragma once

#include "cublaslt.hpp"
#include "heddle/kernels/fill_normal.hpp"
#include "heddle/lanes/cuda/call.hpp"
#include "heddle/lanes/device.hpp"
#include "heddle/lanes/memory.hpp"

namespace heddle::kernels {

/// What a product is timed on: matrices of normal numbers, aligned as the key says and no better, and bytes that fill the cache
/// twice.
class TimedOperands {
 public:
  explicit TimedOperands(const ProductKey& key)
      : key_(key),
        a_(key.factors, (key.flips_a ? key.inner : key.rows) * key.a_stride, key.alignment),
        b_(key.factors, (key.flips_b ? key.columns : key.inner) * key.b_stride, key.alignment),
        c_(key.result, key.rows * key.c_stride, key.alignment),
        bias_(key.result, key.columns, key.alignment),
        gelu_of_(key.result, key.has_gelu ? key.rows * key.columns : 1, key.alignment),
        cache_(cache_bytes(), lanes::device_lane()) {}

  CublasLt::Operands operands() const {
    return {a_.begin, b_.begin, c_.begin, key_.has_bias ? bias_.begin : nullptr,
            key_.has_gelu ? gelu_of_.begin : nullptr};
  }
  void empty_cache() const { lanes::device_lane().fill(cache_.data(), cache_.bytes(), 0); }

 private:
  struct Numbers {
    Numbers(DType type, std::int64_t count, std::int64_t alignment)
        : memory(count * size_of(type) + ProductKey::most_alignment, lanes::device_lane()),
          begin(static_cast<std::byte*>(memory.data()) + alignment) {
      fill_normal(lanes::device_lane(), {begin, type, {count}}, 1, 1.0, {{count}, {0}});
    }
    lanes::Memory memory;
    std::byte* begin;
  };
  static std::int64_t cache_bytes() {
    int device = 0, bytes = 0;
    lanes::cuda::check(cudaGetDevice(&device), "cudaGetDevice");
    lanes::cuda::check(cudaDeviceGetAttribute(&bytes, cudaDevAttrL2CacheSize, device),
                       "cudaDeviceGetAttribute");
    return std::int64_t{2} * bytes;
  }

  const ProductKey& key_;
  Numbers a_, b_, c_, bias_, gelu_of_;
  lanes::Memory cache_;
};

}  // namespace heddle::kernels
