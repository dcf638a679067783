#include "heddle/kernels/product_library.hpp"

namespace heddle::kernels {
namespace {

/// The largest power of two, up to `most`, that divides all addresses.
std::int64_t common_alignment(std::int64_t most, std::initializer_list<const void*> all) {
  auto bits = static_cast<std::uintptr_t>(most);
  for (const void* address : all) bits |= reinterpret_cast<std::uintptr_t>(address);
  return static_cast<std::int64_t>(bits & (~bits + 1));
}

}  // namespace

ProductKey key_of(const Product& product, Write write) {
  const auto& [a, b, c, bias, rounding, gelu_of] = product;
  return {.factors = a.dtype,
          .result = c.dtype,
          .rounding = rounding,
          .flips_a = a.transpose == Transpose::yes,
          .flips_b = b.transpose == Transpose::yes,
          .accumulates = write == Write::accumulate,
          .has_bias = bias.data != nullptr,
          .has_gelu = gelu_of.data != nullptr,
          .rows = c.rows,
          .columns = c.columns,
          .inner = a.columns,
          .a_stride = a.stride,
          .b_stride = b.stride,
          .c_stride = c.stride,
          .alignment = common_alignment(ProductKey::most_alignment,
                                        {a.data, b.data, c.data, bias.data, gelu_of.data})};
}

}  // namespace heddle::kernels
