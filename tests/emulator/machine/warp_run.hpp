// How a warp goes on: threads at the same instruction together, those furthest behind first, so that branches meet again.
#pragma once
#include "emulator/machine/program.hpp"
#include "emulator/machine/warp.hpp"

namespace heddle::emulator {

class WarpRun {
 public:
  WarpRun(const Program& program, Warp& warp) : program_(program), w_(warp) {}

  /// Until every thread has ended or waits for the block.
  void go();

 private:
  void set_pc(Mask mask, std::uint32_t pc);
  void step_together(std::uint32_t pc, Mask here, std::uint32_t next);
  Mask chosen(const Instruction& in, Mask here) const;
  bool branch(const Instruction& in, std::uint32_t& pc, Mask here, Mask taken);
  void call(const Instruction& in, std::uint32_t pc, Mask here, Mask mask);
  void leave(const Instruction& in, Mask mask);
  void wait(const Instruction& in, Mask mask);
  Mask arrived(int lane) const;
  bool release_waiting();
  [[noreturn]] void stuck() const;

  const Program& program_;
  Warp& w_;
};

}  // namespace heddle::emulator
