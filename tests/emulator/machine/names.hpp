// What the names of a function stand for while it is compiled: registers and variables of nested scopes.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "emulator/machine/program.hpp"

namespace heddle::emulator {

struct Symbol {
  Space space = Space::generic;
  std::int64_t value = 0;  ///< an address, or an offset in its space
  std::int64_t bytes = 0;
  bool external = false;  ///< shared memory whose size the launch gives
};

class Names {
 public:
  explicit Names(const LoadedModule& loaded) : loaded_(loaded), scopes_(1) {}

  void open() { scopes_.emplace_back(); }
  void close() { scopes_.pop_back(); }

  void add_register(const std::string& name, int slot) { scopes_.back().registers[name] = slot; }
  void add(const std::string& name, const Symbol& symbol) { scopes_.back().symbols[name] = symbol; }
  /// Shared memory is the whole block's.
  void add_to_module(const std::string& name, const Symbol& symbol) {
    scopes_.front().symbols[name] = symbol;
  }

  const int* find_register(const std::string& name) const;
  const Symbol* find_symbol(const std::string& name);

 private:
  struct Scope {
    std::map<std::string, int> registers;
    std::map<std::string, Symbol> symbols;
  };
  const LoadedModule& loaded_;
  std::vector<Scope> scopes_;
};

}  // namespace heddle::emulator
