#include "emulator/machine/lanewise.hpp"
#include "emulator/machine/operations.hpp"
#include "emulator/ptx/text.hpp"

namespace heddle::emulator {
namespace {

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 UInt128;

template <class T>
struct WiderInteger;
template <>
struct WiderInteger<std::int16_t> : std::type_identity<std::int32_t> {};
template <>
struct WiderInteger<std::uint16_t> : std::type_identity<std::uint32_t> {};
template <>
struct WiderInteger<std::int32_t> : std::type_identity<std::int64_t> {};
template <>
struct WiderInteger<std::uint32_t> : std::type_identity<std::uint64_t> {};
template <>
struct WiderInteger<std::int64_t> : std::type_identity<Int128> {};
template <>
struct WiderInteger<std::uint64_t> : std::type_identity<UInt128> {};
template <class T>
using Wider = typename WiderInteger<T>::type;

/// Of signed numbers what overflows is wrapped, which C++ leaves open.
template <class T>
T negated(T a) {
  return static_cast<T>(Unsigned<T>(0) - Unsigned<T>(a));
}

template <class T>
constexpr bool is_minus_one(T b) {
  return std::is_signed_v<T> && b == static_cast<T>(-1);
}

template <class T>
Instruction::Run sum(const std::string& op) {
  using U = Unsigned<T>;
  if (op == "add") return lanewise<T, T, T>([](T a, T b) { return U(a) + U(b); });
  if (op == "sub") return lanewise<T, T, T>([](T a, T b) { return U(a) - U(b); });
  if (op == "min") return lanewise<T, T, T>([](T a, T b) { return a < b ? a : b; });
  if (op == "max") return lanewise<T, T, T>([](T a, T b) { return a > b ? a : b; });
  if (op == "neg") return lanewise<T, T>([](T a) { return negated(a); });
  if (op == "abs") return lanewise<T, T>([](T a) { return a < T(0) ? negated(a) : a; });
  return nullptr;
}

template <class T>
Instruction::Run bitwise(const std::string& op) {
  if (op == "not") return lanewise<T, T>([](T a) { return ~a; });
  if (op == "and") return lanewise<T, T, T>([](T a, T b) { return a & b; });
  if (op == "or") return lanewise<T, T, T>([](T a, T b) { return a | b; });
  if (op == "xor") return lanewise<T, T, T>([](T a, T b) { return a ^ b; });
  constexpr std::uint32_t bits = 8 * sizeof(T);
  if (op == "shl")
    return lanewise<T, T, std::uint32_t>(
        [](T a, std::uint32_t n) { return n >= bits ? T(0) : T(Unsigned<T>(a) << n); });
  if (op == "shr")
    return lanewise<T, T, std::uint32_t>([](T a, std::uint32_t n) {
      return n < bits ? T(a >> n) : a < T(0) ? T(~T(0)) : T(0);
    });
  return nullptr;
}

/// A division by zero ends no kernel.
template <class T>
Instruction::Run quotient(const std::string& op) {
  if (op == "div")
    return lanewise<T, T, T>([](T a, T b) {
      return b == 0 ? T(~T(0)) : is_minus_one(b) ? negated(a) : T(a / b);
    });
  if (op == "rem")
    return lanewise<T, T, T>([](T a, T b) { return b == 0 ? a : is_minus_one(b) ? T(0) : T(a % b); });
  return nullptr;
}

template <class T>
T high(T a, T b) {
  return static_cast<T>((Wider<T>(a) * Wider<T>(b)) >> (8 * sizeof(T)));
}
template <class T>
T low(T a, T b) {
  return static_cast<T>(std::uint64_t(Unsigned<T>(a)) * Unsigned<T>(b));
}
template <class T>
T wrapped_sum(T a, T b) {
  return static_cast<T>(Unsigned<T>(a) + Unsigned<T>(b));
}

template <class T>
Instruction::Run product(const Mnemonic& m) {
  if constexpr (sizeof(T) > 1) {
    const bool adds = m.op() == "mad";
    if (m.has("lo") && !adds) return lanewise<T, T, T>([](T a, T b) { return low(a, b); });
    if (m.has("hi") && !adds) return lanewise<T, T, T>([](T a, T b) { return high(a, b); });
    if (m.has("lo")) return lanewise<T, T, T, T>([](T a, T b, T c) { return wrapped_sum(low(a, b), c); });
    if (m.has("hi")) return lanewise<T, T, T, T>([](T a, T b, T c) { return wrapped_sum(high(a, b), c); });
    if constexpr (sizeof(T) < 8) {
      using W = Wider<T>;
      if (!adds) return lanewise<W, T, T>([](T a, T b) { return W(a) * W(b); });
      return lanewise<W, T, T, W>([](T a, T b, W c) { return wrapped_sum<W>(W(a) * W(b), c); });
    }
  }
  return nullptr;
}

enum Carrying { addition, subtraction, product_low, product_high, takes = 4, gives = 8 };

template <class T>
void with_carry(const Instruction& in, Warp& w, Mask mask) {
  using W = Wider<T>;
  const int what = in.mode & 3;
  each_lane(mask, [&](int l) {
    const auto source = [&](int i) { return W(get<T>(w.slots + in.from[i], l)); };
    const W carried = in.mode & takes ? w.carry[l] : 0;
    W sum;
    if (what == addition) {
      sum = source(0) + source(1) + carried;
    } else if (what == subtraction) {
      sum = source(0) - source(1) - carried;
    } else {
      const W product = source(0) * source(1);
      sum = T(what == product_low ? product : product >> (8 * sizeof(T))) + source(2) + carried;
    }
    if (in.mode & gives) w.carry[l] = static_cast<std::uint8_t>(sum >> (8 * sizeof(T)) & 1);
    put<T>(w.slots + in.to[0], l, static_cast<T>(sum));
  });
}

}  // namespace

bool set_integer(Instruction& in, const Mnemonic& m) {
  with_integer(m.type(), [&]<class T>(Tag<T>) {
    if (m.is({"mul", "mad"})) return void(in.run = product<T>(m));
    in.run = sum<T>(m.op());
    if (!in.run) in.run = bitwise<T>(m.op());
    if (!in.run) in.run = quotient<T>(m.op());
  });
  return in.run;
}

bool set_carry(Instruction& in, const Mnemonic& m) {
  const char first = m.op().front();
  in.mode = first == 'a' ? addition : first == 's' ? subtraction : m.has("lo") ? product_low : product_high;
  if (m.op().back() == 'c') in.mode |= takes;
  if (m.has("cc")) in.mode |= gives;
  const auto size = size_of_type(m.type());
  in.run = size == 4 ? with_carry<std::uint32_t> : with_carry<std::uint64_t>;
  return size >= 4;
}

}  // namespace heddle::emulator
