#include <cfenv>
#include <cmath>

#include "emulator/machine/lanewise.hpp"
#include "emulator/machine/operations.hpp"

namespace heddle::emulator {
namespace {

template <class T>
Instruction::Run arithmetic(const std::string& op) {
  if (op == "add") return lanewise<T, T, T>([](T a, T b) { return a + b; });
  if (op == "sub") return lanewise<T, T, T>([](T a, T b) { return a - b; });
  if (op == "mul") return lanewise<T, T, T>([](T a, T b) { return a * b; });
  if (op == "fma" || op == "mad")
    return lanewise<T, T, T, T>([](T a, T b, T c) { return std::fma(a, b, c); });
  if (op == "div") return lanewise<T, T, T>([](T a, T b) { return a / b; });
  if (op == "min") return lanewise<T, T, T>([](T a, T b) { return std::fmin(a, b); });
  if (op == "max") return lanewise<T, T, T>([](T a, T b) { return std::fmax(a, b); });
  if (op == "neg") return lanewise<T, T>([](T a) { return -a; });
  if (op == "abs") return lanewise<T, T>([](T a) { return std::fabs(a); });
  if (op == "copysign") return lanewise<T, T, T>([](T a, T b) { return std::copysign(b, a); });
  return nullptr;
}

/// A GPU is told to be approximate here; these are rounded to the nearest.
template <class T>
Instruction::Run function(const std::string& op) {
  if (op == "sqrt") return lanewise<T, T>([](T a) { return std::sqrt(a); });
  if (op == "rsqrt") return lanewise<T, T>([](T a) { return T(1) / std::sqrt(a); });
  if (op == "rcp") return lanewise<T, T>([](T a) { return T(1) / a; });
  if (op == "ex2") return lanewise<T, T>([](T a) { return std::exp2(a); });
  if (op == "lg2") return lanewise<T, T>([](T a) { return std::log2(a); });
  if (op == "sin") return lanewise<T, T>([](T a) { return std::sin(a); });
  if (op == "cos") return lanewise<T, T>([](T a) { return std::cos(a); });
  if (op == "tanh") return lanewise<T, T>([](T a) { return std::tanh(a); });
  return nullptr;
}

/// Of a double rcp.approx gives the upper half, from which the division goes on.
double approximate_reciprocal(double a) {
  return std::bit_cast<double>(std::bit_cast<std::uint64_t>(1 / a) & 0xffffffff00000000u);
}

void in_another_rounding(const Instruction& in, Warp& w, Mask mask) {
  const int before = std::fegetround();
  std::fesetround(in.mode);
  in.inner(in, w, mask);
  std::fesetround(before);
}

}  // namespace

bool set_float(Instruction& in, const Mnemonic& m) {
  if (m.has("NaN")) return false;  // of min and max, which then pass it on
  with_float(m.type(), [&]<class T>(Tag<T>) {
    in.run = arithmetic<T>(m.op());
    if (!in.run) in.run = function<T>(m.op());
  });
  if (m.op() == "rcp" && m.type() == "f64" && m.has("approx"))
    in.run = lanewise<double, double>([](double a) { return approximate_reciprocal(a); });
  if (!in.run) return false;
  const int rounding = m.has("rz") ? FE_TOWARDZERO : m.has("rm") ? FE_DOWNWARD : m.has("rp") ? FE_UPWARD : -1;
  if (rounding < 0) return true;
  in.inner = in.run;
  in.mode = rounding;
  in.run = in_another_rounding;
  return true;
}

}  // namespace heddle::emulator
