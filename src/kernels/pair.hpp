// Two bf16 numbers as one factor of a product, which is how processors multiply them: AVX512-BF16's VDPBF16PS adds two
// products to each fp32 sum.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "pack.hpp"

namespace heddle::kernels {

/// Two bf16 numbers that are neighbours along the index that is summed over, the first in the lower half.
using Pair = std::uint32_t;
template <class F>
inline constexpr bool is_pair = std::is_same_v<std::remove_const_t<F>, Pair>;
/// Numbers of the inner extent in a factor.
template <class F>
inline constexpr std::int64_t numbers_in = is_pair<F> ? 2 : 1;

/// A factor of the left: what lies there, or two neighbours.
template <class F, class A>
KOKKOS_FORCEINLINE_FUNCTION F left_factor(const A* at) {
  if constexpr (is_pair<F> && !is_pair<A>) {
    Pair pair;
    std::memcpy(&pair, at, sizeof pair);
    return pair;
  } else {
    return static_cast<F>(*at);
  }
}

/// total + a b, and total + a.first b.first + a.second b.second.
template <class T>
KOKKOS_FORCEINLINE_FUNCTION Pack<T> add_product(Pack<T> total, Pack<T> a, Pack<T> b) {
  return total + a * b;
}
KOKKOS_FORCEINLINE_FUNCTION Pack<float> add_product_in_halves(Pack<float> total, Pack<Pair> a, Pack<Pair> b) {
  const auto number = [](Pack<Pair> bits) { return std::bit_cast<Pack<float>>(bits); };
  const Pack<Pair> upper(Pair(0xffff0000));
  return multiply_add(number(a & upper), number(b & upper),
                      multiply_add(number(a << 16), number(b << 16), total));
}
template <class T>
KOKKOS_FORCEINLINE_FUNCTION Pack<T> add_product(Pack<T> total, Pack<Pair> a, Pack<Pair> b) {
#if defined(HEDDLE_HAVE_PACKS) && defined(__AVX512BF16__)
  if constexpr (sizeof(Pack<T>) == sizeof(__m512))
    return std::bit_cast<Pack<T>>(_mm512_dpbf16_ps(std::bit_cast<__m512>(total), std::bit_cast<__m512bh>(a),
                                                   std::bit_cast<__m512bh>(b)));
  else
#endif
    return add_product_in_halves(total, a, b);
}

}  // namespace heddle::kernels
