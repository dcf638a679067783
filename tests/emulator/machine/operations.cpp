#include "emulator/machine/operations.hpp"

#include <bit>

#include "emulator/machine/warp.hpp"

namespace heddle::emulator {
namespace {

void do_nothing(const Instruction&, Warp&, Mask) {}
void trap(const Instruction& in, Warp& w, Mask mask) { fault(in, w, std::countr_zero(mask), "trap"); }
void active_mask(const Instruction& in, Warp& w, Mask mask) {
  each_lane(mask, [&](int l) { w.slots[in.to[0] + l] = mask; });
}

bool set_barrier(Instruction& in, const Mnemonic& m) {
  in.kind = m.part(1) == "warp" ? Kind::warp_sync : Kind::barrier;
  return in.kind == Kind::warp_sync ||
         (m.has("sync") && !m.has("cluster") && in.from[1] < 0);  // of the whole block
}

}  // namespace

bool set_operation(Instruction& in, const Mnemonic& m) {
  if (m.op() == "setp") return set_comparison(in, m);
  if (m.op() == "cvt") return set_conversion(in, m);
  if (m.has("sat")) return false;
  if (m.type() == "pred" && m.op() != "vote") return set_predicate(in, m);
  if (m.is({"mov", "selp", "cvta"})) return set_move(in, m);
  if (m.is({"bar", "barrier"})) return set_barrier(in, m);
  if (m.is({"membar", "fence", "nanosleep"})) return set_run(in, do_nothing);
  if (m.op() == "trap") return set_run(in, trap);
  if (m.op() == "activemask") return set_run(in, active_mask);
  if (m.is({"shfl", "vote"})) return set_exchange(in, m);
  if (m.has("cc") || m.is({"addc", "subc", "madc"})) return set_carry(in, m);
  if (m.type()[0] == 'f') return set_float(in, m);
  return set_bits(in, m) || set_integer(in, m);
}

}  // namespace heddle::emulator
