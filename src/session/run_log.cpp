#include "run_log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "heddle/base/terminal.hpp"

namespace heddle::session {

RunLog::RunLog(std::string path, Older older)
    : path_(std::move(path)),
      file_(
          ::open(path_.c_str(), O_WRONLY | O_CREAT | (older == Older::stay ? 0 : O_TRUNC) | O_APPEND, 0666)) {
  if (file_ < 0) why_ = errno;
}

RunLog::~RunLog() {
  if (file_ >= 0) ::close(file_);
}

void RunLog::add(const std::string& line) {
  const std::string text = line + "\n";
  const auto written = file_ >= 0 ? ::write(file_, text.data(), text.size()) : 0;
  if (written == std::ssize(text) || std::exchange(told_loss_, true)) return;
  if (file_ >= 0) why_ = written < 0 ? errno : ENOSPC;  // a part is written where there is no room for more
  print_warning(fmt::format("heddle: {}: cannot write it ({}); the run goes on without these lines", path_,
                            std::strerror(why_)));
}

}  // namespace heddle::session
