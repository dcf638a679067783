// exp and division by a device's approximate instructions, for what becomes bf16: their errors of some roundings of fp32
// do not show there, while the exact ones would take longer than the memory that a kernel streams.
#pragma once

#include <type_traits>

#include "pack.hpp"

namespace heddle::kernels {

/// Whether what is computed in packs P may be approximate, since it is stored as Stored.
template <class Stored, class P>
inline constexpr bool is_quick = std::is_same_v<Stored, BFloat16>&& std::is_same_v<Element<P>, float>;

/// a / b, for b below 2^126.
template <class Stored, class P>
KOKKOS_FORCEINLINE_FUNCTION P quotient(P a, P b) {
#ifdef __CUDA_ARCH__
  if constexpr (is_quick<Stored, P>)
    return by_number([](float x, float y) { return __fdividef(x, y); }, a, b);
#endif
  return a / b;
}

#ifdef __CUDA_ARCH__
template <class P>
__device__ __forceinline__ P quick_exponential(P x) {
  return by_number([](float each) { return __expf(each); }, x);
}
#endif

}  // namespace heddle::kernels
