// Texts in one row, read piece by piece in bounded memory.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::data {

/// Part of a text: it ends where a character ends, unless the text is no UTF-8 there.
struct TextPiece {
  std::string_view bytes;
  std::string_view source = "text";  ///< the text's file, for errors
  std::int64_t offset = 0;           ///< of `bytes` in it
};

/// One file, or "-", the standard input. A byte-order mark at its begin (Unicode 15, section 23.8) is no part of the text.
class TextSource {
 public:
  /// Throws Error(usage) for what cannot be read. What can be read only once, as a pipe, is kept in a file without a name
  /// in `folder` for a second reading if `twice`.
  TextSource(std::string path, const std::string& folder, bool twice);
  ~TextSource();
  TextSource(TextSource&& other) noexcept;
  TextSource& operator=(TextSource&&) = delete;

  const std::string& name() const { return name_; }
  /// 0 where nobody knows yet.
  std::int64_t bytes() const { return bytes_; }
  bool has_mark() const { return has_mark_; }

  /// From the begin. `raw` is given all bytes, mark included, `text` pieces of the text.
  void read(const std::function<void(std::string_view)>& raw,
            const std::function<void(const TextPiece&)>& text);

 private:
  void keep_aside(const std::string& folder);
  std::string_view next(std::string& buffer);

  std::string name_;
  int file_ = -1;
  std::int64_t bytes_ = 0;
  bool has_mark_ = false;
};

}  // namespace heddle::data
