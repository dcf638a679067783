// A pack of standard normals by Box-Muller, each the number of `normal_at` (base/random.hpp) to some
// roundings. The logarithm is that of a number in (0, 1) and the cosine that of one in [0, 2 pi], so both
// need few cases.
#pragma once

#include <bit>
#include <cstdint>

#include "philox.hpp"

namespace heddle::kernels {

#ifdef HEDDLE_HAVE_PACKS
using Doubles = Pack<double>;

/// Whole numbers below 2^52 as they are, by putting them into a mantissa.
KOKKOS_FORCEINLINE_FUNCTION Doubles doubles_of(Words whole) {
  return std::bit_cast<Doubles>(Words(whole | Words(0x4330000000000000u))) - 4503599627370496.0;
}

/// The 32-bit word as a number in (0, 1), as uniform_at has it.
KOKKOS_FORCEINLINE_FUNCTION Doubles uniform_of(Words word) {
  return (doubles_of(word) + 0.5) * (1.0 / 4294967296.0);
}

/// log(u) for 2^-60 < u < 1: u = 2^e m with m in [sqrt(1/2), sqrt(2)), log(m) = 2 atanh((m - 1) / (m + 1))
/// by its series.
KOKKOS_FORCEINLINE_FUNCTION Doubles logarithm_below_one(Doubles u) {
  constexpr std::uint64_t root_half = 0x3FE6A09E667F3BCDu, bias = 64;
  constexpr double ln2_high = 6.93145751953125e-1, ln2_low = 1.42860682030941723212e-6;
  const Words bits = std::bit_cast<Words>(u), exponent = (bits - Words(root_half) + Words(bias << 52)) >> 52;
  const Doubles m = std::bit_cast<Doubles>(Words(bits - (exponent << 52) + Words(bias << 52)));
  const Doubles e = doubles_of(exponent) - double(bias), s = (m - 1.0) / (m + 1.0), squared = s * s;
  Doubles series(1.0 / 23);
#pragma GCC unroll 10
  for (int k = 21; k >= 3; k -= 2) series = multiply_add(series, squared, Doubles(1.0 / k));
  const Doubles rest = (s + s) * squared * series;
  return multiply_add(e, Doubles(ln2_high), multiply_add(e, Doubles(ln2_low), rest + (s + s)));
}

/// cos(x) for 0 <= x <= 2 pi: x = q pi/2 + t with |t| <= pi/4, then the series of cos(t) or sin(t).
KOKKOS_FORCEINLINE_FUNCTION Doubles cosine(Doubles x) {
  constexpr double shift =
      6755399441055744.0;  // rounds what is added to it to a whole number, in the low bits
  constexpr double quarter_high = 1.57079632673412561417, quarter_low = 6.07710050650619224932e-11;
  const Doubles shifted = multiply_add(x, Doubles(0.63661977236758134308), Doubles(shift)),
                q = shifted - shift;
  const Doubles t = multiply_add(q, Doubles(-quarter_low), multiply_add(q, Doubles(-quarter_high), x));
  const Doubles squared = t * t;
  Doubles even(1.0), odd(1.0);
#pragma GCC unroll 8
  for (int k = 8; k >= 1; --k) {
    even = multiply_add(even * squared, Doubles(-1.0 / (2 * k * (2 * k - 1))), Doubles(1.0));
    odd = multiply_add(odd * squared, Doubles(-1.0 / (2 * k * (2 * k + 1))), Doubles(1.0));
  }
  const Words quarter = std::bit_cast<Words>(shifted), is_odd = Words(0u) - (quarter & Words(1u));
  const Words chosen =
      (std::bit_cast<Words>(Doubles(odd * t)) & is_odd) | (std::bit_cast<Words>(even) & ~is_odd);
  return std::bit_cast<Doubles>(Words(chosen ^ (((quarter + Words(1u)) & Words(2u)) << 62)));
}

/// Elements index, index + 1, ... of the sequence.
KOKKOS_FORCEINLINE_FUNCTION Doubles normal_pack(std::uint64_t key, std::uint64_t stream,
                                                std::uint64_t index) {
  const Calls calls = draw_calls(key, stream, index);
  const Doubles radius = square_root(Doubles(-2.0 * logarithm_below_one(uniform_of(calls.word[0]))));
  return radius * cosine(6.283185307179586476925 * uniform_of(calls.word[1]));
}
#else
using Doubles = ShortVector<double, vector_width<double> >;

KOKKOS_FORCEINLINE_FUNCTION Doubles normal_pack(std::uint64_t key, std::uint64_t stream,
                                                std::uint64_t index) {
  Doubles normals;
  for (int k = 0; k < vector_width<double>; ++k)
    normals.number[k] = normal_at(key, stream, index + static_cast<std::uint64_t>(k));
  return normals;
}
#endif

}  // namespace heddle::kernels
