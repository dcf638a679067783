#include <bit>

#include "emulator/machine/lanewise.hpp"
#include "emulator/machine/operations.hpp"

namespace heddle::emulator {
namespace {

using U = std::uint32_t;

U permute(U a, U b, U selectors) {
  const std::uint64_t bytes = std::uint64_t{b} << 32 | a;
  U result = 0;
  for (int i = 0; i < 4; ++i) {
    const U selector = selectors >> (4 * i);
    U byte = bytes >> (8 * (selector & 7)) & 0xff;
    if (selector & 8) byte = byte & 0x80 ? 0xff : 0;  // its sign
    result |= byte << (8 * i);
  }
  return result;
}

U by_table(U a, U b, U c, U table) {
  U result = 0;
  for (int i = 0; i < 8; ++i)
    if (table >> i & 1) result |= (i & 4 ? a : ~a) & (i & 2 ? b : ~b) & (i & 1 ? c : ~c);
  return result;
}

U funnel_left(U a, U b, U n) { return static_cast<U>((std::uint64_t{b} << 32 | a) << (n & 31) >> 32); }
U funnel_right(U a, U b, U n) { return static_cast<U>((std::uint64_t{b} << 32 | a) >> (n & 31)); }

template <class T>
constexpr U bits_of = 8 * sizeof(T);

template <class T>
T insert_field(T a, T b, U at, U n) {
  using V = Unsigned<T>;
  at &= 255, n &= 255;
  if (at >= bits_of<T>) return b;
  const V ones = n >= bits_of<T> ? ~V(0) : V((V(1) << n) - 1);
  const V mask = ones << at;
  return static_cast<T>((V(b) & ~mask) | ((V(a) << at) & mask));
}

template <class T>
T extract_field(T a, U at, U n) {
  at &= 255, n &= 255;
  if (at + n > bits_of<T>) n = at >= bits_of<T> ? 0 : bits_of<T> - at;
  if (n == 0) return 0;
  return static_cast<T>(T(Unsigned<T>(a) << (bits_of<T> - at - n)) >> (bits_of<T> - n));
}

template <class V>
V reversed(V a) {
  V result = 0;
  for (U i = 0; i < bits_of<V>; ++i) result |= (a >> i & 1) << (bits_of<V> - 1 - i);
  return result;
}

template <class T>
Instruction::Run of_field(const std::string& op) {
  using V = Unsigned<T>;
  if (op == "bfi")
    return lanewise<T, T, T, U, U>([](T a, T b, U at, U n) { return insert_field(a, b, at, n); });
  if (op == "bfe") return lanewise<T, T, U, U>([](T a, U at, U n) { return extract_field(a, at, n); });
  if (op == "clz") return lanewise<U, V>([](V a) { return std::countl_zero(a); });
  if (op == "popc") return lanewise<U, V>([](V a) { return std::popcount(a); });
  if (op == "brev") return lanewise<V, V>([](V a) { return reversed(a); });
  return nullptr;
}

}  // namespace

bool set_bits(Instruction& in, const Mnemonic& m) {
  if (m.op() == "prmt" && m.part(1) == m.type())
    in.run = lanewise<U, U, U, U>([](U a, U b, U c) { return permute(a, b, c); });
  if (m.op() == "lop3")
    in.run = lanewise<U, U, U, U, U>([](U a, U b, U c, U t) { return by_table(a, b, c, t); });
  if (m.op() == "shf" && m.has("wrap"))
    in.run = m.has("l") ? lanewise<U, U, U, U>([](U a, U b, U n) { return funnel_left(a, b, n); })
                        : lanewise<U, U, U, U>([](U a, U b, U n) { return funnel_right(a, b, n); });
  if (in.run) return true;
  with_integer(m.type(), [&]<class T>(Tag<T>) {
    if constexpr (sizeof(T) >= 4) in.run = of_field<T>(m.op());
  });
  return in.run;
}

}  // namespace heddle::emulator
