#include <cmath>
#include <limits>

#include "emulator/bf16.hpp"
#include "emulator/machine/lanewise.hpp"
#include "emulator/machine/operations.hpp"

namespace heddle::emulator {
namespace {

enum Whole { as_it_is, to_nearest, to_zero, down, up, saturates = 16 };

template <class T>
T whole(T x, int how) {
  switch (how) {
    case to_nearest: return std::nearbyint(x);
    case to_zero: return std::trunc(x);
    case down: return std::floor(x);
    case up: return std::ceil(x);
    default: return x;
  }
}

/// Beyond the type's ends a GPU stays at them; of NaN it makes 0.
template <class To, class From>
To float_to_integer(From x, int how) {
  using Limits = std::numeric_limits<To>;
  const From r = whole(x, how == as_it_is ? static_cast<int>(to_zero) : how);
  if (std::isnan(r)) return 0;
  if (static_cast<double>(r) <= static_cast<double>(Limits::min())) return Limits::min();
  if (static_cast<double>(r) >= static_cast<double>(Limits::max())) return Limits::max();
  return static_cast<To>(r);
}

template <class To, class From>
To float_to_float(From x, int how, bool saturated) {
  const To y = static_cast<To>(whole(x, how));
  return !saturated ? y : y > To(0) ? (y < To(1) ? y : To(1)) : To(0);
}

template <class To, class From>
To integer_to_integer(From x, bool saturated) {
  using Limits = std::numeric_limits<To>;
  if (!saturated || std::in_range<To>(x)) return static_cast<To>(x);
  return std::cmp_less(x, 0) ? Limits::min() : Limits::max();
}

template <class To, class From>
To converted(From x, int how, bool saturated) {
  if constexpr (std::is_floating_point_v<From> && std::is_floating_point_v<To>)
    return float_to_float<To>(x, how, saturated);
  else if constexpr (std::is_floating_point_v<From>)
    return float_to_integer<To>(x, how);
  else if constexpr (std::is_floating_point_v<To>)
    return static_cast<To>(x);
  else
    return integer_to_integer<To>(x, saturated);
}

template <class To, class From>
void convert(const Instruction& in, Warp& w, Mask mask) {
  const int how = in.mode & ~saturates;
  const bool saturated = in.mode & saturates;
  each_lane(mask, [&](int l) {
    put_extended(w.slots + in.to[0], l, converted<To>(get<From>(w.slots + in.from[0], l), how, saturated));
  });
}

Instruction::Run bf16_conversion(const Mnemonic& m) {
  if (m.target_type() == "f32")
    return lanewise<float, std::uint16_t>([](std::uint16_t a) { return from_bf16(a); });
  if (!m.has("rn") || m.type() != "f32" || m.has("relu") || m.has("satfinite")) return nullptr;
  if (m.target_type() == "bf16") return lanewise<std::uint16_t, float>([](float a) { return to_bf16(a); });
  return lanewise<std::uint32_t, float, float>(
      [](float a, float b) { return std::uint32_t{to_bf16(a)} << 16 | to_bf16(b); });
}

}  // namespace

bool set_conversion(Instruction& in, const Mnemonic& m) {
  if (m.has("bf16") || m.has("bf16x2")) return set_run(in, bf16_conversion(m));
  if (m.has("rz") || m.has("rm") || m.has("rp")) return false;
  in.mode = m.has("rni")   ? to_nearest
            : m.has("rzi") ? to_zero
            : m.has("rmi") ? down
            : m.has("rpi") ? up
                           : as_it_is;
  if (m.has("sat")) in.mode |= saturates;
  with_type(m.target_type(), [&]<class To>(Tag<To>) {
    with_type(m.type(), [&]<class From>(Tag<From>) { in.run = convert<To, From>; });
  });
  return in.run;
}

}  // namespace heddle::emulator
