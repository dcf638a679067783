#include "heddle/data/prepare.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>

#include "heddle/base/aside_file.hpp"
#include "heddle/base/error.hpp"
#include "heddle/data/text_source.hpp"
#include "heddle/data/tokenizer.hpp"
#include "heddle/io/checksum.hpp"
#include "heddle/io/token_file.hpp"

namespace heddle::data {
namespace {

namespace fs = std::filesystem;

void demand_others(const std::vector<std::string>& texts, const std::string& tokens_file) {
  std::error_code ignored;
  for (const std::string& text : texts)
    if (fs::equivalent(text, tokens_file, ignored))
      throw Error(ExitCode::usage, tokens_file + ": cannot write here", "it is the text itself",
                  "name another file");
}

/// The texts, which are read once for bytes, and twice for characters: a vocabulary is known at the end.
class Reading {
 public:
  Reading(const std::vector<std::string>& texts, const std::string& folder, io::TokenKind kind,
          const PrepareProgress& progress)
      : progress_(progress) {
    const bool twice = kind == io::TokenKind::character;
    for (const std::string& text : texts) sources_.emplace_back(text, folder, twice);
    for (const TextSource& source : sources_) of_ += source.bytes() * (twice ? 2 : 1);
  }

  void read(const std::function<void(std::string_view)>& raw,
            const std::function<void(const TextPiece&)>& text) {
    const auto counted = [&](std::string_view bytes) {
      raw(bytes);
      done_ += std::ssize(bytes);
      if (progress_) progress_(done_, of_);
    };
    for (TextSource& source : sources_) source.read(counted, text);
  }

  std::string names() const {
    std::vector<std::string> all;
    for (const TextSource& source : sources_) all.push_back(fs::path(source.name()).filename().string());
    return fmt::format("{}", fmt::join(all, ", "));
  }
  std::vector<std::string> with_mark() const {
    std::vector<std::string> all;
    for (const TextSource& source : sources_)
      if (source.has_mark()) all.push_back(source.name());
    return all;
  }

 private:
  std::vector<TextSource> sources_;
  const PrepareProgress& progress_;
  std::int64_t done_ = 0, of_ = 0;
};

class LineEnds {
 public:
  void count(std::string_view bytes) {
    for (const char byte : bytes) {
      if (byte == '\n') {
        ++all;
        if (last_ == '\r') ++with_return;
      }
      last_ = byte;
    }
  }
  std::int64_t all = 0, with_return = 0;

 private:
  char last_ = 0;
};

io::Vocabulary vocabulary_of(Reading& texts, io::TokenKind kind) {
  VocabularyFinder finder(kind);
  if (kind == io::TokenKind::character)
    texts.read([](std::string_view) {}, [&](const TextPiece& piece) { finder.add(piece); });
  return finder.vocabulary();
}

}  // namespace

PrepareReport prepare(const PrepareSettings& settings, const PrepareProgress& progress) {
  const auto& [texts, tokens_file, kind, overwrite] = settings;
  demand_others(texts, tokens_file);
  demand_replaceable(tokens_file, {marks::tokens, overwrite});
  make_folder_of(tokens_file);
  const fs::path folder = fs::path(tokens_file).parent_path();
  Reading reading(texts, folder.empty() ? "." : folder.string(), kind, progress);
  const Tokenizer tokenizer(vocabulary_of(reading, kind));
  io::TokenFileWriter writer(tokens_file, tokenizer.vocabulary(), reading.names());
  PrepareReport report;
  report.vocabulary = tokenizer.vocabulary().size;
  std::uint32_t crc = 0;
  LineEnds line_ends;
  reading.read(
      [&](std::string_view raw) {
        crc = io::crc32(raw, crc);
        line_ends.count(raw);
        report.source_bytes += std::ssize(raw);
      },
      [&](const TextPiece& piece) {
        const auto ids = tokenizer.encode(piece);
        writer.append(ids);
        report.tokens += std::ssize(ids);
      });
  if (report.tokens == 0) throw Error(ExitCode::usage, reading.names() + ": the text is empty");
  writer.finish(crc);
  report.file_bytes = static_cast<std::int64_t>(fs::file_size(tokens_file));
  report.with_mark = reading.with_mark();
  report.line_ends = line_ends.all;
  report.line_ends_with_return = line_ends.with_return;
  return report;
}

}  // namespace heddle::data
