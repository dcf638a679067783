#include "emulator/machine/lanewise.hpp"
#include "emulator/machine/operations.hpp"
#include "emulator/ptx/text.hpp"

namespace heddle::emulator {
namespace {

void move(const Instruction& in, Warp& w, Mask mask) {
  const Slot* from = w.slots + in.from[0];
  Slot* to = w.slots + in.to[0];
  each_lane(mask, [&](int l) { to[l] = from[l]; });
}

void select(const Instruction& in, Warp& w, Mask mask) {
  const Slot *a = w.slots + in.from[0], *b = w.slots + in.from[1];
  Slot* to = w.slots + in.to[0];
  const Mask chosen = w.predicate(in.from[2]);
  each_lane(mask, [&](int l) { to[l] = holds(chosen, l) ? a[l] : b[l]; });
}

Slot part(Slot whole, int i, int bits) { return whole >> (bits * i) & ((Slot{1} << bits) - 1); }

/// mov.b64 d, {a, b}; the mode is the bits of a part.
void pack(const Instruction& in, Warp& w, Mask mask) {
  each_lane(mask, [&](int l) {
    Slot whole = 0;
    for (int i = 0; i < 4 && in.from[i] >= 0; ++i)
      whole |= part(w.slots[in.from[i] + l], 0, in.mode) << (in.mode * i);
    w.slots[in.to[0] + l] = whole;
  });
}

/// mov.b64 {a, b}, d
void unpack(const Instruction& in, Warp& w, Mask mask) {
  each_lane(mask, [&](int l) {
    const Slot whole = w.slots[in.from[0] + l];
    for (int i = 0; i < in.count; ++i) w.slots[in.to[i] + l] = part(whole, i, in.mode);
  });
}

Slot shared_begin(const Warp& w, int) { return reinterpret_cast<Slot>(w.block->shared); }
Slot local_begin(const Warp& w, int lane) { return reinterpret_cast<Slot>(w.local_of(lane)); }

template <Slot begin(const Warp&, int)>
void to_space(const Instruction& in, Warp& w, Mask mask) {
  each_lane(mask, [&](int l) { w.slots[in.to[0] + l] = w.slots[in.from[0] + l] - begin(w, l); });
}
template <Slot begin(const Warp&, int)>
void from_space(const Instruction& in, Warp& w, Mask mask) {
  each_lane(mask, [&](int l) { w.slots[in.to[0] + l] = w.slots[in.from[0] + l] + begin(w, l); });
}

Instruction::Run address_conversion(const Mnemonic& m) {
  if (m.of_shared_memory()) return m.has("to") ? to_space<shared_begin> : from_space<shared_begin>;
  if (m.has("local")) return m.has("to") ? to_space<local_begin> : from_space<local_begin>;
  return move;
}

}  // namespace

bool set_move(Instruction& in, const Mnemonic& m) {
  if (m.op() == "selp") return set_run(in, select);
  if (m.op() == "cvta") return set_run(in, address_conversion(m));
  const int bits = static_cast<int>(8 * size_of_type(m.type()));
  const int parts = in.mode;  // of a vector that is read
  in.mode = bits / (parts > 0 ? parts : in.count);
  return set_run(in, parts > 0 ? pack : in.count > 1 ? unpack : move);
}

}  // namespace heddle::emulator
