// A file that several processes write, each into places of its own, beside whatever else they do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace heddle {

/// One that is there. It can be used by any thread. Every error is an Error(failure) that names `path`, with the system's reason.
class SharedFile {
 public:
  SharedFile(const std::string& place, std::string path);
  ~SharedFile();
  SharedFile(const SharedFile&) = delete;
  SharedFile& operator=(const SharedFile&) = delete;

  void write(std::int64_t offset, std::span<const std::byte> bytes) const;
  /// Has the system bring what was written to the disk from now on, rather than when its memory is full, and waits for what it began to bring when
  /// this was called before.
  void advance_sync() const;
  /// Returns when all that was written is on the disk.
  void sync() const;

 private:
  [[noreturn]] void fail() const;

  std::string path_;
  int file_;
};

}  // namespace heddle
