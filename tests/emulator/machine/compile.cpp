// From the text of a kernel to instructions: names become slots, labels and called functions become places in the code.
#include <algorithm>

#include "emulator/failure.hpp"
#include "emulator/machine/operands.hpp"
#include "emulator/machine/operations.hpp"
#include "emulator/memory/memory.hpp"
#include "emulator/ptx/text.hpp"

namespace heddle::emulator {
namespace {

class Compiler {
 public:
  Compiler(const LoadedModule& loaded, Program& program)
      : module_(loaded.module), program_(program), names_(loaded), operands_(names_, program) {}

  void compile(const std::string& entry) {
    program_.name = entry;
    for (const Variable& v : module_.variables)
      if (v.space == "shared") add_shared(v);
    names_.open();
    add_parameters(function(entry));
    add_body(function(entry));
    names_.close();
    for (std::size_t i = 0; i < wanted_.size(); ++i) add_called(std::string(wanted_[i]));
    for (Instruction& in : program_.code)
      if (in.kind == Kind::call) in.target = starts_.at(in.details->target_name);
    program_.shared_bytes = aligned(program_.shared_bytes, 16);
    operands_.place_external();
  }

 private:
  /// Of a called function: it is no stack, so that no function may call itself.
  struct Formals {
    std::vector<Symbol> results, parameters;
  };

  const Function& function(const std::string& name) const {
    const auto found = module_.functions.find(name);
    if (found == module_.functions.end()) fail("{} calls {}, which is nowhere", program_.name, name);
    return found->second;
  }

  void add_parameters(const Function& entry) {
    std::int64_t& at = program_.parameter_bytes;
    for (const Variable& v : entry.parameters) {
      at = aligned(at, v.alignment);
      program_.parameters.push_back({at, v.bytes});
      at += v.bytes;
    }
    program_.parameter_memory = allocate_own(static_cast<std::size_t>(at) + 16);
    const auto begin = reinterpret_cast<std::int64_t>(program_.parameter_memory);
    for (std::size_t i = 0; i < entry.parameters.size(); ++i)
      names_.add(entry.parameters[i].name, {Space::generic, begin + program_.parameters[i].offset, 0, false});
  }

  void add_shared(const Variable& v) {
    Symbol symbol{Space::shared, 0, v.bytes, v.external};
    if (!v.external) {
      symbol.value = aligned(program_.shared_bytes, v.alignment);
      program_.shared_bytes = symbol.value + v.bytes;
    }
    names_.add_to_module(v.name, symbol);
  }

  Symbol new_local(const Variable& v) {
    const std::int64_t begin = aligned(program_.local_bytes, std::max<std::int64_t>(v.alignment, 8));
    program_.local_bytes = begin + v.bytes;
    return {Space::local, begin, v.bytes, false};
  }

  const Formals& formals(const std::string& name) {
    const auto [found, added] = formals_.try_emplace(name);
    if (!added) return found->second;
    for (const Variable& v : function(name).results) found->second.results.push_back(new_local(v));
    for (const Variable& v : function(name).parameters) found->second.parameters.push_back(new_local(v));
    wanted_.push_back(name);
    return found->second;
  }

  void add_called(const std::string& name) {
    const Function& f = function(name);
    if (f.body.empty()) fail("{} calls {}, which has no body", program_.name, name);
    const Formals& made = formals(name);
    starts_[name] = static_cast<std::uint32_t>(program_.code.size());
    names_.open();
    for (std::size_t i = 0; i < f.results.size(); ++i) names_.add(f.results[i].name, made.results[i]);
    for (std::size_t i = 0; i < f.parameters.size(); ++i)
      names_.add(f.parameters[i].name, made.parameters[i]);
    add_body(f);
    names_.close();
  }

  void add_body(const Function& f) {
    labels_.clear();
    const std::size_t begin = program_.code.size();
    for (const Statement& s : f.body) add_statement(s);
    Instruction end;
    end.kind = Kind::ret;
    end.details = std::make_shared<Instruction::Details>();
    end.details->text = "the end of " + f.name;
    program_.code.push_back(end);
    for (std::size_t i = begin; i < program_.code.size(); ++i)
      if (Instruction& in = program_.code[i]; in.kind == Kind::branch)
        in.target = labels_.at(in.details->target_name);
  }

  void add_statement(const Statement& s) {
    switch (s.kind) {
      case Statement::Kind::label: labels_[s.text] = static_cast<std::uint32_t>(program_.code.size()); break;
      case Statement::Kind::scope: names_.open(); break;
      case Statement::Kind::end_of_scope: names_.close(); break;
      case Statement::Kind::registers: add_registers(s.text); break;
      case Statement::Kind::variable:
        if (s.variable.space == "shared")
          add_shared(s.variable);
        else
          names_.add(s.variable.name, new_local(s.variable));
        break;
      case Statement::Kind::instruction: add_instruction(s.text); break;
    }
  }

  /// ".reg .b32 %r<84>", ".reg .b32 a, b"
  void add_registers(const std::string& text) {
    const auto names = text.find(' ', text.find('.', 4));
    for (const std::string& name : split(text.substr(names), ',')) {
      const auto open = name.find('<');
      if (open == std::string::npos) {
        names_.add_register(name, operands_.new_slot());
        continue;
      }
      const int count = std::stoi(name.substr(open + 1));
      for (int i = 0; i < count; ++i)
        names_.add_register(name.substr(0, open) + std::to_string(i), operands_.new_slot());
    }
  }

  void add_instruction(std::string text) {
    Instruction in;
    in.details = std::make_shared<Instruction::Details>();
    in.details->text = text;
    if (text[0] == '@') {
      in.negated = text[1] == '!';
      const auto begin = in.negated ? 2 : 1, end = static_cast<int>(text.find(' '));
      in.predicate = operands_.source(text.substr(begin, end - begin));
      text = trimmed(text.substr(end));
    }
    const auto blank = text.find(' ');
    const Mnemonic mnemonic(text.substr(0, blank));
    const std::string rest = blank == std::string::npos ? "" : trimmed(text.substr(blank));
    if (!add_meaning(in, mnemonic, rest))
      fail("{} has an instruction that is not known: {}", program_.name, in.details->text);
    program_.code.push_back(std::move(in));
  }

  bool add_meaning(Instruction& in, const Mnemonic& m, const std::string& rest) {
    if (m.op() == "bra") {
      in.kind = Kind::branch;
      in.details->target_name = rest;
      return true;
    }
    if (m.is({"ret", "exit"})) {
      in.kind = m.op() == "ret" ? Kind::ret : Kind::exit;
      return true;
    }
    if (m.op() == "call") return add_call(in, rest);
    if (m.is({"ld", "ldu", "st", "atom", "red"})) return add_access(in, m, split(rest, ','));
    return add_operation(in, m, split(rest, ','));
  }

  Symbol symbol(const std::string& name) {
    const Symbol* found = names_.find_symbol(name);
    if (!found) fail("{} passes what is not known: {}", program_.name, name);
    return *found;
  }

  /// "(result), name, (arguments)", "name, (arguments)", "name"
  bool add_call(Instruction& in, const std::string& rest) {
    const auto parts = split(rest, ',');
    std::size_t next = 0;
    std::vector<std::string> results, arguments;
    if (parts[0].front() == '(') results = list_of(parts[next++]);
    in.kind = Kind::call;
    in.details->target_name = parts[next++];
    if (next < parts.size() && parts[next].front() == '(') arguments = list_of(parts[next]);
    const Formals& made = formals(in.details->target_name);
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      const Symbol& to = made.parameters.at(i);
      in.details->arguments.push_back({to.value, symbol(arguments[i]).value, to.bytes});
    }
    for (std::size_t i = 0; i < results.size(); ++i) {
      const Symbol& from = made.results.at(i);
      in.details->results.push_back({symbol(results[i]).value, from.value, from.bytes});
    }
    return true;
  }

  void add_results(Instruction& in, const std::vector<std::string>& names) {
    in.count = 0;
    for (const std::string& name : names) in.to.at(in.count++) = operands_.result(name);
  }

  bool add_access(Instruction& in, const Mnemonic& m, const std::vector<std::string>& operands) {
    const char* space = m.of_shared_memory() ? "shared"
                        : m.has("local")     ? "local"
                        : m.has("param")     ? "param"
                                             : "";
    std::size_t next = 0;
    if (m.is({"ld", "ldu", "atom"})) add_results(in, list_of(operands[next++]));
    operands_.address(in, operands[next++], space);
    int k = 0;
    for (; next < operands.size(); ++next)
      for (const std::string& name : list_of(operands[next])) in.from.at(k++) = operands_.source(name);
    if (m.op() == "st") in.count = k;
    return set_access(in, m);
  }

  bool add_operation(Instruction& in, const Mnemonic& m, const std::vector<std::string>& operands) {
    std::size_t next = 0;
    if (!operands.empty() && !m.is({"bar", "barrier", "membar", "fence", "trap", "nanosleep"})) {
      const std::string& results = operands[next++];
      add_results(in, results.front() == '{' ? list_of(results) : split(results, '|'));
    }
    int k = 0;
    for (; next < operands.size(); ++next) {
      for (const std::string& name : list_of(operands[next])) in.from.at(k++) = operands_.source(name);
      if (operands[next].front() == '{') in.mode = k;
    }
    return set_operation(in, m);
  }

  const Module& module_;
  Program& program_;
  Names names_;
  Operands operands_;
  std::map<std::string, std::uint32_t> labels_;  ///< of the function at hand
  std::map<std::string, Formals> formals_;
  std::vector<std::string> wanted_;
  std::map<std::string, std::uint32_t> starts_;  ///< of called functions
};

}  // namespace

Program compile(const LoadedModule& loaded, const std::string& entry) {
  Program program;
  Compiler(loaded, program).compile(entry);
  return program;
}

}  // namespace heddle::emulator
