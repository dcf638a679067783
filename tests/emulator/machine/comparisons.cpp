#include "emulator/machine/lanewise.hpp"
#include "emulator/machine/operations.hpp"

namespace heddle::emulator {
namespace {

enum Combining { alone, by_and, by_or, by_xor };

Mask combined(int by, Mask a, Mask b) {
  return by == by_and ? a & b : by == by_or ? a | b : by == by_xor ? a ^ b : a;
}

/// setp.eq.and.s32 p|q, a, b, c: p is (a == b) and c, q is (not a == b) and c.
template <class T, class F>
Instruction::Run comparison(F) {
  return [](const Instruction& in, Warp& w, Mask mask) {
    const Slot *a = w.slots + in.from[0], *b = w.slots + in.from[1];
    Mask bits = 0;
    each_lane(mask, [&](int l) { bits |= Mask{F{}(get<T>(a, l), get<T>(b, l))} << l; });
    const Mask with = in.from[2] >= 0 ? w.predicate(in.from[2]) : mask;
    if (in.count > 1) w.set_predicate(in.to[1], combined(in.mode, ~bits, with), mask);
    w.set_predicate(in.to[0], combined(in.mode, bits, with), mask);
  };
}

template <class T>
Instruction::Run ordered(const std::string& c) {
  if (c == "eq") return comparison<T>([](T a, T b) { return a == b; });
  if (c == "lt" || c == "lo") return comparison<T>([](T a, T b) { return a < b; });
  if (c == "le" || c == "ls") return comparison<T>([](T a, T b) { return a <= b; });
  if (c == "gt" || c == "hi") return comparison<T>([](T a, T b) { return a > b; });
  if (c == "ge" || c == "hs") return comparison<T>([](T a, T b) { return a >= b; });
  if (c == "ne") return comparison<T>([](T a, T b) { return a < b || a > b; });  // false of NaN
  return nullptr;
}

/// Those that are true of NaN.
template <class T>
Instruction::Run unordered(const std::string& c) {
  if (c == "equ") return comparison<T>([](T a, T b) { return !(a < b || a > b); });
  if (c == "neu") return comparison<T>([](T a, T b) { return !(a == b); });
  if (c == "ltu") return comparison<T>([](T a, T b) { return !(a >= b); });
  if (c == "leu") return comparison<T>([](T a, T b) { return !(a > b); });
  if (c == "gtu") return comparison<T>([](T a, T b) { return !(a <= b); });
  if (c == "geu") return comparison<T>([](T a, T b) { return !(a < b); });
  if (c == "num") return comparison<T>([](T a, T b) { return a == a && b == b; });
  if (c == "nan") return comparison<T>([](T a, T b) { return a != a || b != b; });
  return nullptr;
}

Combining combining(const Mnemonic& m, const std::string& op) {
  const auto is = [&](const char* word) { return op == word || m.has(word); };
  return is("and") ? by_and : is("or") ? by_or : is("xor") ? by_xor : alone;
}

}  // namespace

bool set_comparison(Instruction& in, const Mnemonic& m) {
  in.mode = combining(m, "");
  with_type(m.type(), [&]<class T>(Tag<T>) { in.run = ordered<T>(m.part(1)); });
  if (!in.run) with_float(m.type(), [&]<class T>(Tag<T>) { in.run = unordered<T>(m.part(1)); });
  return in.run;
}

bool set_predicate(Instruction& in, const Mnemonic& m) {
  if (m.op() == "mov")
    in.run = [](const Instruction& i, Warp& w, Mask mask) {
      w.set_predicate(i.to[0], w.predicate(i.from[0]), mask);
    };
  if (m.op() == "not")
    in.run = [](const Instruction& i, Warp& w, Mask mask) {
      w.set_predicate(i.to[0], ~w.predicate(i.from[0]), mask);
    };
  in.mode = combining(m, m.op());
  if (in.mode != alone)
    in.run = [](const Instruction& i, Warp& w, Mask mask) {
      w.set_predicate(i.to[0], combined(i.mode, w.predicate(i.from[0]), w.predicate(i.from[1])), mask);
    };
  return in.run;
}

}  // namespace heddle::emulator
