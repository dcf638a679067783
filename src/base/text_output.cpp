#include "heddle/base/text_output.hpp"

#include <fmt/format.h>

#include <utility>

namespace heddle {

TextOutput::TextOutput(std::string path, const Replacing& replacing) : path_(std::move(path)) {
  demand_replaceable(path_, replacing);
  if (path_ != "-" && !is_stream(path_)) aside_.emplace(path_);
}

void TextOutput::write(const std::string& text) {
  if (path_ == "-")
    fmt::print("{}", text);
  else if (aside_)
    aside_->commit(text);
  else
    write_bytes(path_, text, path_);
}

}  // namespace heddle
