#include "heddle/data/prepare.hpp"

#include <fmt/format.h>

#include <chrono>

#include "commands.hpp"
#include "heddle/base/duration.hpp"
#include "heddle/base/mebibytes.hpp"
#include "heddle/base/outcome.hpp"

namespace heddle::app {
namespace {

/// A line every few seconds, so that a short text has none.
class Lines {
 public:
  void operator()(std::int64_t done, std::int64_t of) {
    const auto now = Clock::now();
    if (now - last_ < std::chrono::seconds(2)) return;
    last_ = now;
    const double rate = mebibytes(done) / std::chrono::duration<double>(now - begin_).count();
    fmt::print("read {:.0f}{} MiB  {:.0f} MiB/s{}\n", mebibytes(done),
               of > 0 ? fmt::format(" of {:.0f}", mebibytes(of)) : "", rate,
               of > 0 ? fmt::format("  {} left", duration(mebibytes(of - done) / rate)) : "");
    flush_output();
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point begin_ = Clock::now(), last_ = begin_;
};

}  // namespace

void prepare(const data::PrepareSettings& arguments) {
  Lines lines;
  const data::PrepareReport report =
      data::prepare(arguments, [&](std::int64_t done, std::int64_t of) { lines(done, of); });
  for (const std::string& text : report.with_mark) fmt::print("{}: its byte-order mark is left out\n", text);
  if (report.line_ends_with_return > 0)
    fmt::print(
        "{} of {} lines end in CR LF, and the CRs are tokens; `tr -d '\\r' <TEXT | heddle prepare -` "
        "leaves them out\n",
        report.line_ends_with_return, report.line_ends);
  fmt::print("{}: {} tokens ({}), vocabulary {}, {:.1f} MiB from {:.1f} MiB of text\n", arguments.tokens_file,
             report.tokens, name(arguments.kind), report.vocabulary, mebibytes(report.file_bytes),
             mebibytes(report.source_bytes));
}

}  // namespace heddle::app
