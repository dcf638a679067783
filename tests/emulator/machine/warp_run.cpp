#include "emulator/machine/warp_run.hpp"

#include <algorithm>

#include "emulator/failure.hpp"

namespace heddle::emulator {
namespace {

void copy_within(char* local, const std::vector<Instruction::Copy>& copies) {
  for (const auto& [to, from, bytes] : copies)
    std::memcpy(local + to, local + from, static_cast<std::size_t>(bytes));
}

/// The mask of who takes part stands last.
int mask_of(const Instruction& in) {
  int last = Instruction::address - 1;
  while (in.from[last] < 0) --last;
  return in.from[last];
}

}  // namespace

void WarpRun::go() {
  for (;;) {
    const Mask ready = w_.live & ~w_.waiting & ~w_.at_barrier;
    if (!ready) {
      if (!w_.waiting) return;
      if (!release_waiting()) stuck();
      continue;
    }
    std::uint32_t pc = ~0u, next = ~0u;  // the least one, and the least one but it
    each_lane(ready, [&](int l) { pc = std::min(pc, w_.pc[l]); });
    Mask here = 0;
    each_lane(ready, [&](int l) {
      if (w_.pc[l] == pc)
        here |= bit(l);
      else
        next = std::min(next, w_.pc[l]);
    });
    step_together(pc, here, next);
  }
}

void WarpRun::set_pc(Mask mask, std::uint32_t pc) {
  each_lane(mask, [&](int l) { w_.pc[l] = pc; });
}

Mask WarpRun::chosen(const Instruction& in, Mask here) const {
  if (in.predicate < 0) return here;
  const Mask yes = w_.predicate(in.predicate);
  return here & (in.negated ? ~yes : yes);
}

/// Until they part, wait, or come to where others are.
void WarpRun::step_together(std::uint32_t pc, Mask here, std::uint32_t next) {
  while (pc < next) {
    const Instruction& in = program_.code[pc];
    const Mask mask = chosen(in, here);
    switch (in.kind) {
      case Kind::plain:
        if (mask) in.run(in, w_, mask);
        ++pc;
        break;
      case Kind::branch:
        if (!branch(in, pc, here, mask)) return;
        break;
      case Kind::call:
        call(in, pc, here, mask);
        pc = in.target;
        break;
      case Kind::ret:
      case Kind::exit: set_pc(here & ~mask, pc + 1); return leave(in, mask);
      case Kind::barrier:
        set_pc(here, pc + 1);
        w_.at_barrier |= mask;
        return;
      case Kind::warp_sync:
        set_pc(here & ~mask, pc + 1);
        set_pc(mask, pc);
        return wait(in, mask);
    }
  }
  set_pc(here, pc);
}

/// False where not all go the same way.
bool WarpRun::branch(const Instruction& in, std::uint32_t& pc, Mask here, Mask taken) {
  if (taken == here || !taken) {
    pc = taken ? in.target : pc + 1;
    return true;
  }
  set_pc(taken, in.target);
  set_pc(here & ~taken, pc + 1);
  return false;
}

void WarpRun::call(const Instruction& in, std::uint32_t pc, Mask here, Mask mask) {
  if (mask != here) fault(in, w_, 0, "a call under a predicate, which the emulator has not");
  each_lane(mask, [&](int l) {
    copy_within(w_.local_of(l), in.details->arguments);
    w_.called_from[l].at(w_.depth[l]++) = pc;
  });
}

/// A function's end is a thread's where nobody called it.
void WarpRun::leave(const Instruction& in, Mask mask) {
  each_lane(mask, [&](int l) {
    if (in.kind == Kind::exit || w_.depth[l] == 0) {
      w_.live &= ~bit(l);
      return;
    }
    const std::uint32_t caller = w_.called_from[l][--w_.depth[l]];
    copy_within(w_.local_of(l), program_.code[caller].details->results);
    w_.pc[l] = caller + 1;
  });
}

void WarpRun::wait(const Instruction& in, Mask mask) {
  const int slot = mask_of(in);
  each_lane(mask, [&](int l) {
    w_.awaited[l] = static_cast<Mask>(w_.slots[slot + l]);
    if (!holds(w_.awaited[l], l)) fault(in, w_, l, "a thread that its own mask leaves out");
  });
  w_.waiting |= mask;
  release_waiting();
}

/// Those that wait at the same instruction for the same threads.
Mask WarpRun::arrived(int lane) const {
  Mask there = 0;
  each_lane(w_.waiting & w_.awaited[lane], [&](int other) {
    if (w_.awaited[other] == w_.awaited[lane] && w_.pc[other] == w_.pc[lane]) there |= bit(other);
  });
  return there;
}

bool WarpRun::release_waiting() {
  bool any = false;
  each_lane(w_.waiting, [&](int l) {
    if (!holds(w_.waiting, l)) return;  // gone on with an earlier one
    const Mask there = arrived(l);
    if (w_.awaited[l] & w_.live & ~there) return;
    const std::uint32_t pc = w_.pc[l];
    const Instruction& in = program_.code[pc];
    if (in.run) in.run(in, w_, there);
    w_.waiting &= ~there;
    set_pc(there, pc + 1);
    any = true;
  });
  return any;
}

void WarpRun::stuck() const {
  const int l = std::countr_zero(w_.waiting);
  fault(program_.code[w_.pc[l]], w_, l,
        fmt::format("threads {:#x} wait for {:#x}, alive are {:#x}, at the block's barrier {:#x}", w_.waiting,
                    w_.awaited[l], w_.live, w_.at_barrier));
}

}  // namespace heddle::emulator
