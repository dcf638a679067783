#include "emulator/machine/names.hpp"

namespace heddle::emulator {

const int* Names::find_register(const std::string& name) const {
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope)
    if (const auto found = scope->registers.find(name); found != scope->registers.end())
      return &found->second;
  return nullptr;
}

const Symbol* Names::find_symbol(const std::string& name) {
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope)
    if (const auto found = scope->symbols.find(name); found != scope->symbols.end()) return &found->second;
  const auto found = loaded_.addresses.find(name);
  if (found == loaded_.addresses.end()) return nullptr;
  Symbol& known = scopes_.front().symbols[name];
  known.value = static_cast<std::int64_t>(found->second);
  return &known;
}

}  // namespace heddle::emulator
