// A kernel as the emulator executes it.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "emulator/machine/instruction.hpp"
#include "emulator/ptx/module.hpp"

namespace heddle::emulator {

/// A module whose variables have their places on the device.
struct LoadedModule {
  Module module;
  std::map<std::string, std::uint64_t> addresses;
};

/// Room for a block's shared memory.
constexpr std::size_t most_shared_bytes = 256 << 10;

enum class Special : std::uint8_t {
  tid_x,
  tid_y,
  tid_z,
  ntid_x,
  ntid_y,
  ntid_z,
  ctaid_x,
  ctaid_y,
  ctaid_z,
  nctaid_x,
  nctaid_y,
  nctaid_z,
  laneid,
  warpid,
  clock,
  lanemask_lt,
  lanemask_le,
  lanemask_gt,
  lanemask_ge,
  lanemask_eq
};

struct Program {
  struct Constant {
    int slot;
    std::uint64_t value;
  };
  struct SpecialRegister {
    int slot;
    Special what;
  };
  struct Parameter {
    std::int64_t offset, bytes;
  };

  std::string name;
  std::vector<Instruction> code;
  std::vector<Constant> constants;
  std::vector<SpecialRegister> specials;
  int registers = 0;
  std::int64_t shared_bytes = 0, local_bytes = 0, parameter_bytes = 0;
  std::vector<Parameter> parameters;
  char* parameter_memory = nullptr;
  std::vector<std::vector<Slot>> slots;  ///< of each warp of a block, kept for the next launch
};

Program compile(const LoadedModule& loaded, const std::string& entry);

struct Extent {
  std::uint32_t x, y, z;
};
void launch(Program& program, Extent grid, Extent block, std::int64_t dynamic_shared,
            const std::vector<char>& parameters);

}  // namespace heddle::emulator
