// tokens.h5: a text as token ids, with the vocabulary that made them. docs/token_file.md
// describes the format.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "heddle/comm/communicator.hpp"
#include "heddle/io/vocabulary.hpp"

namespace heddle::io {

struct TokenFileHeader {
  Vocabulary vocabulary;
  std::string source;            ///< name of the text
  std::uint32_t source_crc = 0;  ///< CRC-32 of its bytes
};

/// Writes aside; the file takes its name in `finish`. Ids are stored in the narrowest of 1, 2, 4 bytes.
class TokenFileWriter {
 public:
  /// `source` is the name of the text. Throws Error(usage) if `path` cannot be written.
  TokenFileWriter(const std::string& path, const Vocabulary& vocabulary, const std::string& source);
  ~TokenFileWriter();
  void append(std::span<const std::int32_t> ids);
  /// `source_crc` is that of all bytes of the text.
  void finish(std::uint32_t source_crc);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Reads on demand; nothing but the vocabulary is kept in memory.
class TokenFile {
 public:
  /// Error(usage) for a file that is missing, truncated or not a token file.
  explicit TokenFile(const std::string& path);
  TokenFile(TokenFile&&) noexcept;
  TokenFile& operator=(TokenFile&&) noexcept;
  ~TokenFile();

  const std::string& path() const;
  const TokenFileHeader& header() const;
  std::int64_t length() const;
  /// What tells it from other contents, in words: "4047392 byte tokens of a text with CRC-32 1a2b3c4d".
  std::string contents() const;
  /// ids[i] = token `begin + i`. Error(usage) for an id beyond the vocabulary, and for
  /// damaged bytes.
  void read(std::int64_t begin, std::span<std::int32_t> ids) const;
  /// Reads one of so many equal parts (about 1 GB/s); throws as `read`. Calls `read_on` after each piece of it.
  void verify(std::int64_t part, std::int64_t parts, const std::function<void()>& read_on) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Collective. Reads everything once, a part on each rank, so that a damaged file is known before the first step. Every rank
/// throws what was found wrong first in the file.
void verify(const comm::Communicator& ranks, const TokenFile& file);

}  // namespace heddle::io
