// A library that has several algorithms for one product of matrices: which kinds of products there are, and what it is asked
// so that somebody may choose.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "heddle/kernels/gemm.hpp"

namespace heddle::kernels {

/// Of a call of gemm what the choice of an algorithm depends on. Plain bytes, which ranks exchange.
struct ProductKey {
  DType factors = {}, result = {};
  Rounding rounding = Rounding::none;  ///< of the factors
  bool flips_a = false, flips_b = false, accumulates = false, has_bias = false;
  bool has_gelu = false;  ///< it is multiplied by gelu's slope; comes behind the key of the plain product
  std::int64_t rows = 0, columns = 0, inner = 0, a_stride = 0, b_stride = 0, c_stride = 0;
  std::int64_t alignment = 0;  ///< bytes that all addresses are aligned to, at most most_alignment

  /// What every lanes::Memory is aligned to: more would depend on where one lies, which no plan knows.
  static constexpr std::int64_t most_alignment = 64;

  friend auto operator<=>(const ProductKey&, const ProductKey&) = default;
};
ProductKey key_of(const Product& product, Write write);

/// As the library writes it: good for one version of it, on one kind of device. Of zeros, for a product that is multiplied by gelu's
/// slope: the plain product, and then the slope by a kernel.
using ProductAlgorithm = std::array<std::byte, 64>;

class ProductLibrary {
 public:
  virtual ~ProductLibrary() = default;
  /// The device and the library's version, which an algorithm is good for: "NVIDIA H200, cuBLASLt 13.1.0".
  virtual std::string name() const = 0;
  /// At most so many that add up in one order every time. The first is what the library takes where nobody chooses.
  virtual std::vector<ProductAlgorithm> algorithms(const ProductKey& key, int most) = 0;
  /// Is it one for such a product?
  virtual bool takes(const ProductKey& key, const ProductAlgorithm& algorithm) = 0;
  /// Of each algorithm the seconds of so many calls, on matrices that lie in no cache; none where it does not run. Works in
  /// memory that it gives back.
  virtual std::vector<std::vector<double>> seconds(const ProductKey& key,
                                                   std::span<const ProductAlgorithm> algorithms,
                                                   int calls) = 0;
  /// From now on such products are computed so.
  virtual void choose(const ProductKey& key, const ProductAlgorithm& algorithm) = 0;
};

/// That of the build; null where gemm chooses by itself, on the host. Lives as long as the Runtime.
ProductLibrary* product_library();

}  // namespace heddle::kernels
