// "ld.global.nc.v4.f32" as its parts.
#pragma once
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/ptx/text.hpp"

namespace heddle::emulator {

class Mnemonic {
 public:
  explicit Mnemonic(const std::string& text) : parts_(split(text, '.')) {}

  const std::string& op() const { return parts_.front(); }
  const std::string& type() const { return parts_.back(); }
  /// What stands after the op, or empty.
  std::string part(std::size_t i) const { return i < parts_.size() ? parts_[i] : ""; }
  /// The type of what is converted, which stands last but one.
  const std::string& target_type() const { return parts_.at(parts_.size() - 2); }
  bool has(std::string_view part) const {
    return std::find(parts_.begin(), parts_.end(), part) != parts_.end();
  }
  bool is(std::initializer_list<std::string_view> ops) const {
    return std::find(ops.begin(), ops.end(), op()) != ops.end();
  }
  bool of_shared_memory() const {
    return std::any_of(parts_.begin(), parts_.end(),
                       [](const std::string& p) { return p == "shared" || p.starts_with("shared::"); });
  }

 private:
  std::vector<std::string> parts_;
};

}  // namespace heddle::emulator
