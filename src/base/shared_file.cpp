#include "heddle/base/shared_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "heddle/base/error.hpp"

namespace heddle {

SharedFile::SharedFile(const std::string& place, std::string path)
    : path_(std::move(path)), file_(::open(place.c_str(), O_WRONLY | O_CLOEXEC)) {
  if (file_ < 0) fail();
}

SharedFile::~SharedFile() { ::close(file_); }

void SharedFile::fail() const {
  throw Error(ExitCode::failure, path_ + ": cannot write it", std::strerror(errno));
}

void SharedFile::write(std::int64_t offset, std::span<const std::byte> bytes) const {
  while (!bytes.empty()) {
    const ::ssize_t written = ::pwrite(file_, bytes.data(), bytes.size(), offset);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail();
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += written;
  }
}

/// A file system that knows no such thing leaves all to `sync`.
void SharedFile::advance_sync() const {
  if (::sync_file_range(file_, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE) != 0 &&
      errno != ENOSYS && errno != ESPIPE && errno != EINVAL && errno != EINTR)
    fail();
}

void SharedFile::sync() const {
  while (::fdatasync(file_) != 0)
    if (errno != EINTR) fail();
}

}  // namespace heddle
