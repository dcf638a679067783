// Between threads of a warp.
#include <algorithm>

#include "emulator/machine/operations.hpp"
#include "emulator/machine/warp.hpp"

namespace heddle::emulator {
namespace {

enum Exchange { unknown, up, down, butterfly, index, ballot, all, any };

int exchange(const Mnemonic& m) {
  const std::string how = m.part(2);
  if (m.part(1) != "sync") return unknown;
  if (m.op() == "shfl")
    return how == "up"     ? up
           : how == "down" ? down
           : how == "bfly" ? butterfly
           : how == "idx"  ? index
                           : unknown;
  return how == "ballot" ? ballot : how == "all" ? all : how == "any" ? any : unknown;
}

void vote(const Instruction& in, Warp& w, Mask mask) {
  const Mask yes = w.predicate(in.from[0]) & mask;
  if (in.mode == ballot)
    each_lane(mask, [&](int l) { w.slots[in.to[0] + l] = yes; });
  else
    w.set_predicate(in.to[0], (in.mode == all ? yes == mask : yes != 0) ? mask : 0, mask);
}

/// The thread that this one reads and whether it is within its segment, as the manual has it.
std::pair<int, bool> source_of(const Instruction& in, const Warp& w, int lane) {
  const int b = static_cast<int>(w.slots[in.from[1] + lane] & 31);
  const auto c = static_cast<std::uint32_t>(w.slots[in.from[2] + lane]);
  const int clamp = static_cast<int>(c & 31), segment = static_cast<int>(c >> 8 & 31);
  const int last = (lane & segment) | (clamp & ~segment), first = lane & segment;
  switch (in.mode) {
    case up: return {lane - b, lane - b >= last};
    case down: return {lane + b, lane + b <= last};
    case butterfly: return {lane ^ b, (lane ^ b) <= last};
    default: return {first | (b & ~segment), (first | (b & ~segment)) <= last};
  }
}

void shuffle(const Instruction& in, Warp& w, Mask mask) {
  std::array<Slot, warp_size> values;
  std::copy_n(w.slots + in.from[0], warp_size, values.begin());
  Mask inside = 0;
  each_lane(mask, [&](int l) {
    const auto [source, within] = source_of(in, w, l);
    if (within) inside |= bit(l);
    const int from = within ? source : l;
    // What a thread has that does not take part is undefined: no number.
    w.slots[in.to[0] + l] = holds(mask, from) ? static_cast<std::uint32_t>(values[from]) : 0xffffffffu;
  });
  if (in.count > 1) w.set_predicate(in.to[1], inside, mask);
}

}  // namespace

bool set_exchange(Instruction& in, const Mnemonic& m) {
  in.kind = Kind::warp_sync;
  in.mode = exchange(m);
  in.run = m.op() == "shfl" ? shuffle : vote;
  return in.mode != unknown;
}

}  // namespace heddle::emulator
