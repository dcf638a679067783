#include "emulator/failure.hpp"
#include "emulator/machine/warp.hpp"

namespace heddle::emulator {
namespace {
std::string the_kernel;
}

void set_current_kernel(const std::string& name) { the_kernel = name; }

void fault(const Instruction& in, const Warp& warp, int lane, const std::string& why) {
  const auto& [x, y, z] = warp.block->index;
  std::string text = fmt::format("{}: block ({}, {}, {}), warp {}, thread {} of it: {}\n  in {}", why, x, y,
                                 z, warp.number, lane, in.details->text, the_kernel);
  if (const int slot = in.from[Instruction::address]; slot >= 0)
    text += fmt::format("\n  address {:#x} + {}", warp.slots[slot + lane], in.offset);
  end_program(text);
}

}  // namespace heddle::emulator
