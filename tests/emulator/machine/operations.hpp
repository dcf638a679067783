// What instructions do, found from their mnemonics: each sets in.run, or returns false where it knows none.
#pragma once
#include "emulator/machine/instruction.hpp"
#include "emulator/machine/mnemonic.hpp"

namespace heddle::emulator {

bool set_operation(Instruction& in, const Mnemonic& m);

inline bool set_run(Instruction& in, Instruction::Run run) {
  in.run = run;
  return run != nullptr;
}

bool set_access(Instruction& in, const Mnemonic& m);      // ld, st, atom, red
bool set_integer(Instruction& in, const Mnemonic& m);     // add.s32, mul.wide.u32, shl.b64 ...
bool set_carry(Instruction& in, const Mnemonic& m);       // add.cc, addc, madc.hi.cc ...
bool set_float(Instruction& in, const Mnemonic& m);       // fma.rn.f32, ex2.approx.f32 ...
bool set_comparison(Instruction& in, const Mnemonic& m);  // setp
bool set_predicate(Instruction& in, const Mnemonic& m);   // and.pred, mov.pred ...
bool set_conversion(Instruction& in, const Mnemonic& m);  // cvt
bool set_bits(Instruction& in, const Mnemonic& m);        // prmt, lop3, shf, bfe ...
bool set_move(Instruction& in, const Mnemonic& m);        // mov, selp, cvta
bool set_exchange(Instruction& in, const Mnemonic& m);    // shfl, vote

}  // namespace heddle::emulator
