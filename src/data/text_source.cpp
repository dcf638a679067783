#include "heddle/data/text_source.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "heddle/base/error.hpp"
#include "heddle/data/utf8.hpp"

namespace heddle::data {
namespace {

constexpr std::size_t piece_bytes = 1 << 20;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

[[noreturn]] void fail(const std::string& name, const char* why) {
  throw Error(ExitCode::usage, name + ": cannot read the text", why);
}

/// A file that is gone when it is closed, whatever happens to this process.
int file_without_a_name(const std::string& folder) {
  const int file = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file >= 0) return file;
  std::string path = folder + "/.text-XXXXXX";  // not every file system knows that
  const int named = ::mkostemp(path.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(path.c_str());
  return named;
}

void write_all(int file, std::string_view bytes, const std::string& folder) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0)
      throw Error(ExitCode::failure, folder + ": cannot keep the standard input here", std::strerror(errno));
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

TextSource::TextSource(std::string path, const std::string& folder, bool twice) : name_(std::move(path)) {
  const bool standard_input = name_ == "-";
  if (standard_input) name_ = "standard input";
  file_ = standard_input ? ::dup(STDIN_FILENO) : ::open(name_.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat about {};
  if (file_ < 0 || ::fstat(file_, &about) != 0) fail(name_, std::strerror(errno));
  if (S_ISDIR(about.st_mode))
    throw Error(ExitCode::usage, name_ + ": cannot read the text", "it is a directory", "name a text file");
  bytes_ = about.st_size;
  if (!S_ISREG(about.st_mode) && twice) keep_aside(folder);
}

TextSource::TextSource(TextSource&& other) noexcept
    : name_(std::move(other.name_)),
      file_(std::exchange(other.file_, -1)),
      bytes_(other.bytes_),
      has_mark_(other.has_mark_) {}

TextSource::~TextSource() {
  if (file_ >= 0) ::close(file_);
}

void TextSource::keep_aside(const std::string& folder) {
  const int aside = file_without_a_name(folder);
  if (aside < 0) throw Error(ExitCode::usage, folder + ": cannot write here", std::strerror(errno));
  std::string buffer;
  bytes_ = 0;
  for (std::string_view bytes = next(buffer); !bytes.empty(); buffer.clear(), bytes = next(buffer)) {
    write_all(aside, bytes, folder);
    bytes_ += std::ssize(bytes);
  }
  ::close(std::exchange(file_, aside));
}

/// Reads on behind what `buffer` holds, and returns what is new; empty at the end.
std::string_view TextSource::next(std::string& buffer) {
  const std::size_t held = buffer.size();
  buffer.resize(held + piece_bytes);
  for (;;) {
    const ssize_t read = ::read(file_, buffer.data() + held, piece_bytes);
    if (read < 0 && errno == EINTR) continue;
    if (read < 0) fail(name_, std::strerror(errno));
    buffer.resize(held + static_cast<std::size_t>(read));
    return std::string_view(buffer).substr(held);
  }
}

void TextSource::read(const std::function<void(std::string_view)>& raw,
                      const std::function<void(const TextPiece&)>& text) {
  ::lseek(file_, 0, SEEK_SET);  // a pipe has no begin to go to, and is read once
  std::string buffer;           // what is read and not given on
  std::int64_t offset = 0;      // of it
  const auto give = [&](std::size_t bytes) {
    if (bytes > 0) text({std::string_view(buffer).substr(0, bytes), name_, offset});
    buffer.erase(0, bytes);
    offset += static_cast<std::int64_t>(bytes);
  };
  for (bool begun = false;;) {
    const std::string_view fresh = next(buffer);
    raw(fresh);
    const bool end = fresh.empty();
    if (!begun && !end && buffer.size() < byte_order_mark.size()) continue;
    if (!std::exchange(begun, true) && buffer.starts_with(byte_order_mark)) {
      has_mark_ = true;
      buffer.erase(0, byte_order_mark.size());
      offset = std::ssize(byte_order_mark);
    }
    give(end ? buffer.size() : buffer.size() - unfinished_bytes(buffer));
    if (end) return;
  }
}

}  // namespace heddle::data
