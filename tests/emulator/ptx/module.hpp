// A module of PTX, taken apart into what NVIDIA's manual "Parallel Thread Execution ISA" calls directives.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace heddle::emulator {

struct Variable {
  std::string space, name;  ///< global, const, shared, local or param
  std::int64_t bytes = 0, alignment = 1;
  bool external = false;
  std::vector<std::uint8_t> initial;  ///< empty where it has none
  bool in_device_memory() const { return space == "global" || space == "const"; }
};

struct Statement {
  enum class Kind { instruction, label, scope, end_of_scope, registers, variable } kind;
  std::string text;
  Variable variable;
};

struct Function {
  std::string name;
  bool entry = false;
  std::vector<Variable> results, parameters;
  std::vector<Statement> body;
};

struct Module {
  std::vector<Variable> variables;
  std::map<std::string, Function> functions;
};

Module parse_module(const std::string& text);

/// ".shared .align 8 .b8 name[16] = {...}"
Variable parse_variable(const std::string& text);
/// Several of them, between commas.
std::vector<Variable> parse_variables(const std::string& list);

}  // namespace heddle::emulator
