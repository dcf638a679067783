#include "emulator/machine/operands.hpp"

#include "emulator/failure.hpp"
#include "emulator/ptx/text.hpp"

namespace heddle::emulator {
namespace {

const std::map<std::string, Special> special_names = {{"%tid.x", Special::tid_x},
                                                      {"%tid.y", Special::tid_y},
                                                      {"%tid.z", Special::tid_z},
                                                      {"%ntid.x", Special::ntid_x},
                                                      {"%ntid.y", Special::ntid_y},
                                                      {"%ntid.z", Special::ntid_z},
                                                      {"%ctaid.x", Special::ctaid_x},
                                                      {"%ctaid.y", Special::ctaid_y},
                                                      {"%ctaid.z", Special::ctaid_z},
                                                      {"%nctaid.x", Special::nctaid_x},
                                                      {"%nctaid.y", Special::nctaid_y},
                                                      {"%nctaid.z", Special::nctaid_z},
                                                      {"%laneid", Special::laneid},
                                                      {"%warpid", Special::warpid},
                                                      {"%clock64", Special::clock},
                                                      {"%clock", Special::clock},
                                                      {"%lanemask_lt", Special::lanemask_lt},
                                                      {"%lanemask_le", Special::lanemask_le},
                                                      {"%lanemask_gt", Special::lanemask_gt},
                                                      {"%lanemask_ge", Special::lanemask_ge},
                                                      {"%lanemask_eq", Special::lanemask_eq}};

struct Sum {
  std::string name;
  std::int64_t offset = 0;
};

/// "name+16", "name+-16", "name"
Sum parse_sum(const std::string& text) {
  const auto sign = text.find_last_of("+-");
  if (sign == std::string::npos || sign == 0) return {text};
  std::string name = trimmed(text.substr(0, sign));
  if (name.back() == '+') name = trimmed(name.substr(0, name.size() - 1));
  return {name, std::stoll(text.substr(text[sign] == '+' ? sign + 1 : sign))};
}

}  // namespace

int Operands::constant(std::uint64_t value) {
  const auto [found, added] = constants_.try_emplace(value, 0);
  if (added) program_.constants.push_back({found->second = new_slot(), value});
  return found->second;
}

int Operands::special(Special what) {
  const auto [found, added] = specials_.try_emplace(what, 0);
  if (added) program_.specials.push_back({found->second = new_slot(), what});
  return found->second;
}

int Operands::variable(const std::string& text) {
  const auto [name, offset] = parse_sum(text);
  const Symbol* symbol = names_.find_symbol(name);
  if (!symbol) fail("{} has an operand that is not known: {}", program_.name, text);
  if (!symbol->external) return constant(static_cast<std::uint64_t>(symbol->value + offset));
  externals_.push_back(new_slot());
  return externals_.back();
}

int Operands::source(const std::string& text) {
  if (const int* slot = names_.find_register(text)) return *slot;
  if (const auto found = special_names.find(text); found != special_names.end())
    return special(found->second);
  if (text == "WARP_SZ") return constant(warp_size);
  if (const auto value = literal(text)) return constant(*value);
  return variable(text);
}

int Operands::result(const std::string& name) {
  if (name == "_") return new_slot();
  const int* slot = names_.find_register(name);
  if (!slot) fail("{} writes what is no register: {}", program_.name, name);
  return *slot;
}

void Operands::address(Instruction& in, const std::string& operand, const std::string& space) {
  const auto [base, offset] = parse_sum(trimmed(operand.substr(1, operand.size() - 2)));
  in.offset = offset;
  in.space = space == "shared" ? Space::shared : space == "local" ? Space::local : Space::generic;
  if (space == "param" && !names_.find_register(base))
    if (const Symbol* symbol = names_.find_symbol(base)) in.space = symbol->space;
  in.from[Instruction::address] = source(base);
}

void Operands::place_external() {
  for (const int slot : externals_)
    program_.constants.push_back({slot, static_cast<std::uint64_t>(program_.shared_bytes)});
}

}  // namespace heddle::emulator
