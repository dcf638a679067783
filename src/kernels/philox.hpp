// Runs of Philox calls (base/random.hpp) in packs: a call a 64-bit element, of which each of the four words
// fills the lower half, since that is what the processor multiplies to 64 bits in one instruction.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "heddle/base/random.hpp"
#include "pack.hpp"
#include "transpose.hpp"

#if defined(HEDDLE_HAVE_PACKS) && defined(__SSE2__)
#include <immintrin.h>
#endif

namespace heddle::kernels {

#ifdef HEDDLE_HAVE_PACKS
using Words = Pack<std::uint64_t>;
/// Calls that are made at once.
inline constexpr int calls_at_once = pack_width<std::uint64_t>;

#pragma GCC diagnostic push  // as in pack.hpp: GCC's bug 105593
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
/// The product of the lower halves, element by element. The compiler would multiply the whole elements.
KOKKOS_FORCEINLINE_FUNCTION Words product(Words a, Words b) {
#if defined(__AVX512F__)
  return std::bit_cast<Words>(_mm512_mul_epu32(std::bit_cast<__m512i>(a), std::bit_cast<__m512i>(b)));
#elif defined(__AVX2__)
  return std::bit_cast<Words>(_mm256_mul_epu32(std::bit_cast<__m256i>(a), std::bit_cast<__m256i>(b)));
#elif defined(__SSE2__)
  return std::bit_cast<Words>(_mm_mul_epu32(std::bit_cast<__m128i>(a), std::bit_cast<__m128i>(b)));
#else
  return (a & Words(0xFFFFFFFFu)) * (b & Words(0xFFFFFFFFu));
#endif
}
#pragma GCC diagnostic pop

/// The words of calls index, index + 1, ...: word[k] holds the k-th of each.
struct Calls {
  Words word[4];
};

KOKKOS_FORCEINLINE_FUNCTION Calls draw_calls(std::uint64_t key, std::uint64_t stream, std::uint64_t index) {
  const Words low_half(0xFFFFFFFFu);
  Words c0([&](auto lane) { return index + static_cast<std::uint64_t>(int(lane)); });
  Words c1 = c0 >> 32, c2(stream), c3(stream >> 32);
  auto k0 = static_cast<std::uint32_t>(key), k1 = static_cast<std::uint32_t>(key >> 32);
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round) {  // the upper halves fill with what no product reads
    const Words p0 = product(Words(0xD2511F53u), c0), p1 = product(Words(0xCD9E8D57u), c2);
    c0 = (p1 >> 32) ^ c1 ^ Words(k0);
    c2 = (p0 >> 32) ^ c3 ^ Words(k1);
    c1 = p1;
    c3 = p0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {{c0 & low_half, c1 & low_half, c2 & low_half, c3 & low_half}};
}

/// The same, call by call.
KOKKOS_FORCEINLINE_FUNCTION void draw_pack(std::uint64_t key, std::uint64_t stream, std::uint64_t index,
                                           std::uint32_t* words) {
  const Calls calls = draw_calls(key, stream, index);
  const Words first = calls.word[0] | (calls.word[1] << 32), second = calls.word[2] | (calls.word[3] << 32);
  constexpr auto each_element = std::make_index_sequence<calls_at_once>{};
  const Words halves[2] = {interleave<0, std::uint64_t>(first, second, each_element),
                           interleave<1, std::uint64_t>(first, second, each_element)};
  std::memcpy(words, halves, sizeof halves);
}
#else
inline constexpr int calls_at_once = 1;

KOKKOS_FORCEINLINE_FUNCTION void draw_pack(std::uint64_t key, std::uint64_t stream, std::uint64_t index,
                                           std::uint32_t* words) {
  const Philox drawn = Philox::draw(key, stream, index);
  for (int k = 0; k < 4; ++k) words[k] = drawn.word[k];
}
#endif

}  // namespace heddle::kernels
