// The slots of what instructions read and write.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "emulator/machine/names.hpp"

namespace heddle::emulator {

class Operands {
 public:
  Operands(Names& names, Program& program) : names_(names), program_(program) {}

  int new_slot() { return warp_size * program_.registers++; }
  /// Of what is read: a register, a special one, a number, or a variable's address.
  int source(const std::string& text);
  /// Of what is written; nobody reads "_".
  int result(const std::string& name);
  /// "[%rd1+16]", "[name]"
  void address(Instruction& in, const std::string& operand, const std::string& space);
  /// Dynamic shared memory begins where the kernel's own ends, which is known last.
  void place_external();

 private:
  int constant(std::uint64_t value);
  int special(Special what);
  int variable(const std::string& text);

  Names& names_;
  Program& program_;
  std::map<std::uint64_t, int> constants_;
  std::map<Special, int> specials_;
  std::vector<int> externals_;
};

}  // namespace heddle::emulator
