// Places in a row for a device's lanes: `n` neighbours that a lane loads, or stores, as one short vector. Memory is
// reached in pieces of 16 bytes where the address allows: a GPU gets the whole of its bandwidth from such pieces only.
#pragma once

#include <cstdint>
#include <cstring>

#include "short_vector.hpp"

namespace heddle::kernels {

/// The widest piece of memory that one instruction moves.
inline constexpr int widest_piece = 16;
/// Numbers of a lane that streams what is stored as Stored: one such piece.
template <class Stored>
inline constexpr int vector_width = widest_piece / sizeof(Stored);

/// Bytes of the pieces in which n numbers of U are moved.
template <class U, int n>
inline constexpr int piece_bytes = sizeof(U) * n < widest_piece ? sizeof(U) * n : widest_piece;

KOKKOS_FORCEINLINE_FUNCTION bool is_aligned(const void* address, int bytes) {
  return reinterpret_cast<std::uintptr_t>(address) % static_cast<std::uintptr_t>(bytes) == 0;
}

/// What CUDA moves by one instruction.
#ifdef __CUDA_ARCH__
template <int bytes>
using Piece = std::conditional_t<bytes == 16, uint4, std::conditional_t<bytes == 8, uint2, unsigned>>;
#endif

/// `bytes` bytes, in pieces of `piece`: both addresses are aligned to that.
template <int bytes, int piece>
KOKKOS_FORCEINLINE_FUNCTION void move_pieces(void* to, const void* from) {
#ifdef __CUDA_ARCH__
  for (int k = 0; k < bytes / piece; ++k)
    static_cast<Piece<piece>*>(to)[k] = static_cast<const Piece<piece>*>(from)[k];
#else
  std::memcpy(to, from, bytes);
#endif
}

/// A vector within a row that begins at an aligned address of every row: who takes this place knows that.
template <class T, int n>
struct AlignedPlace {
  std::int64_t i;

  template <class U>
  KOKKOS_FORCEINLINE_FUNCTION ShortVector<T, n> load(const U* row) const {
    alignas(widest_piece) ShortVector<U, n> stored;
    move_pieces<sizeof stored, piece_bytes<U, n>>(&stored, row + i);
    return convert<T>(stored);
  }
  template <class U, class V>
  KOKKOS_FORCEINLINE_FUNCTION void store(U* row, const ShortVector<V, n>& x) const {
    alignas(widest_piece) const ShortVector<U, n> stored = convert<U>(x);
    move_pieces<sizeof stored, piece_bytes<U, n>>(row + i, &stored);
  }
};

/// The first `count` numbers of a vector, the end of a row, or all n of one that is not aligned: they are moved one by
/// one. The others are loaded as 0 and left as they are.
template <class T, int n>
struct LastVectorPlace {
  std::int64_t i;
  int count;

  template <class U>
  KOKKOS_FORCEINLINE_FUNCTION LastVectorPlace<U, n> of() const {
    return {i, count};
  }

  template <class U>
  KOKKOS_FORCEINLINE_FUNCTION ShortVector<T, n> load(const U* row) const {
    ShortVector<U, n> stored;
    for (int k = 0; k < n; ++k) stored.number[k] = k < count ? row[i + k] : U(0);
    return convert<T>(stored);
  }
  template <class U, class V>
  KOKKOS_FORCEINLINE_FUNCTION void store(U* row, const ShortVector<V, n>& x) const {
    const ShortVector<U, n> stored = convert<U>(x);
    for (int k = 0; k < n; ++k)
      if (k < count) row[i + k] = stored.number[k];
  }
  template <class U>
  KOKKOS_FORCEINLINE_FUNCTION void store(U* row, T x) const {
    store(row, ShortVector<T, n>(x));
  }
  KOKKOS_FORCEINLINE_FUNCTION ShortVector<T, n> kept(ShortVector<T, n> x, ShortVector<T, n> otherwise) const {
    for (int k = 0; k < n; ++k)
      if (k >= count) x.number[k] = otherwise.number[k];
    return x;
  }
};

/// A whole vector, wherever it lies.
template <class T, int n>
struct VectorPlace {
  std::int64_t i;

  /// The same place of a row of as many numbers of another type.
  template <class U>
  KOKKOS_FORCEINLINE_FUNCTION VectorPlace<U, n> of() const {
    return {i};
  }

  template <class U>
  KOKKOS_FORCEINLINE_FUNCTION ShortVector<T, n> load(const U* row) const {
    if (is_aligned(row + i, piece_bytes<U, n>)) return AlignedPlace<T, n>{i}.load(row);
    return LastVectorPlace<T, n>{i, n}.load(row);
  }
  template <class U, class V>
  KOKKOS_FORCEINLINE_FUNCTION void store(U* row, const ShortVector<V, n>& x) const {
    if (is_aligned(row + i, piece_bytes<U, n>))
      AlignedPlace<T, n>{i}.store(row, x);
    else
      LastVectorPlace<T, n>{i, n}.store(row, x);
  }
  template <class U>
  KOKKOS_FORCEINLINE_FUNCTION void store(U* row, T x) const {
    store(row, ShortVector<T, n>(x));
  }
};

}  // namespace heddle::kernels
