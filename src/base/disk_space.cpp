#include "heddle/base/disk_space.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "heddle/base/error.hpp"

namespace heddle {

void reserve_space(const std::string& place, std::int64_t bytes, const std::string& path) {
  const int file = ::open(place.c_str(), O_WRONLY | O_CLOEXEC);
  const int status = file < 0 ? -1 : ::fallocate(file, FALLOC_FL_KEEP_SIZE, 0, bytes);
  const int reason = errno;
  if (file >= 0) ::close(file);
  if (status == 0 || reason == EOPNOTSUPP || reason == ENOSYS) return;
  throw Error(ExitCode::failure, path + ": cannot write it", std::strerror(reason));
}

}  // namespace heddle
