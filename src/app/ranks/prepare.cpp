#include <fmt/format.h>

#include "commands.hpp"
#include "heddle/base/mebibytes.hpp"
#include "heddle/data/prepare.hpp"

namespace heddle::app {

void prepare(const PrepareArguments& arguments) {
  const data::PrepareReport report = data::prepare(arguments.text, arguments.tokens, arguments.kind);
  fmt::print("{}: {} tokens ({}), vocabulary {}, {:.1f} MiB from {:.1f} MiB of text\n", arguments.tokens,
             report.tokens, name(arguments.kind), report.vocabulary, mebibytes(report.file_bytes),
             mebibytes(report.source_bytes));
}

}  // namespace heddle::app
