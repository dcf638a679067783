#include "emulator/ptx/module.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "emulator/failure.hpp"
#include "emulator/ptx/text.hpp"

namespace heddle::emulator {
namespace {

bool is_function(const std::string& head) {
  return head.find(".entry") != std::string::npos || head.find(".func") != std::string::npos;
}

/// ".visible .entry name(.param .u64 name_param_0)", ".func (.param .b32 result) name(...)"
Function parse_head(const std::string& head) {
  Function f;
  const auto entry = head.find(".entry");
  f.entry = entry != std::string::npos;
  std::string rest = trimmed(f.entry ? head.substr(entry + 6) : head.substr(head.find(".func") + 5));
  if (!f.entry && rest[0] == '(') {
    const auto end = rest.find(')');
    f.results = parse_variables(rest.substr(1, end - 1));
    rest = trimmed(rest.substr(end + 1));
  }
  const auto open = rest.find('(');
  f.name = words(rest.substr(0, open)).front();
  if (open != std::string::npos)
    f.parameters = parse_variables(rest.substr(open + 1, rest.find(')') - open - 1));
  return f;
}

Statement parse_statement(const std::string& text) {
  if (text.starts_with(".reg")) return {Statement::Kind::registers, text, {}};
  if (text[0] == '.') return {Statement::Kind::variable, text, parse_variable(text)};
  return {Statement::Kind::instruction, text, {}};
}

class Reader {
 public:
  explicit Reader(std::string text) : text_(std::move(text)) {}

  Module read() {
    Module module;
    while (skip_blanks()) {
      if (at_header())
        at_ = text_.find('\n', at_);
      else
        read_directive(module);
    }
    return module;
  }

 private:
  bool skip_blanks() {
    while (at_ < text_.size() && (std::isspace(static_cast<unsigned char>(text_[at_])) || text_[at_] == '\0'))
      ++at_;
    return at_ < text_.size();
  }
  bool at_header() const {
    const std::string_view rest = std::string_view(text_).substr(at_);
    return rest.starts_with(".version") || rest.starts_with(".target") || rest.starts_with(".address_size") ||
           rest.starts_with(".file");
  }
  /// Up to the next `end`, after which reading goes on.
  std::string take(const char* end) {
    const auto found = text_.find_first_of(end, at_);
    if (found == std::string::npos) fail("PTX without an end: {}", text_.substr(at_, 100));
    const std::string taken = text_.substr(at_, found - at_);
    at_ = found + 1;
    return taken;
  }

  void read_directive(Module& module) {
    const auto begin = at_;
    const std::string head = take(";{=");
    if (!is_function(head)) {
      at_ = begin;
      module.variables.push_back(parse_variable(take(";")));
      return;
    }
    Function f = parse_head(head);
    if (text_[at_ - 1] == '{') f.body = read_body();
    Function& known = module.functions[f.name];
    if (known.body.empty()) known = std::move(f);  // else this one is its declaration
  }

  std::vector<Statement> read_body() {
    std::vector<Statement> all;
    for (int depth = 1; skip_blanks();) {
      if (text_[at_] == '{') {
        ++at_, ++depth;
        all.push_back({Statement::Kind::scope, "", {}});
      } else if (text_[at_] == '}') {
        ++at_;
        if (--depth == 0) return all;
        all.push_back({Statement::Kind::end_of_scope, "", {}});
      } else if (at_label()) {
        all.push_back({Statement::Kind::label, take(":"), {}});
      } else {
        read_statement(all);
      }
    }
    fail("PTX without an end of a function");
  }
  bool at_label() const { return text_[text_.find_first_of(";: \t\n{", at_)] == ':'; }
  void read_statement(std::vector<Statement>& all) {
    std::string text = take(";");
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
    text = trimmed(text);
    if (!text.starts_with(".pragma") && !text.starts_with(".loc ")) all.push_back(parse_statement(text));
  }

  std::string text_;
  std::size_t at_ = 0;
};

}  // namespace

Module parse_module(const std::string& text) { return Reader(without_comments(text)).read(); }

}  // namespace heddle::emulator
