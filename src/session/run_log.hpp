// run.log, beside run.h5: what rank 0 says while a run goes on, line by line.
#pragma once

#include <string>

#include "heddle/session/progress.hpp"

namespace heddle::session {

class RunLog {
 public:
  RunLog(std::string path, Older older);
  ~RunLog();
  RunLog(const RunLog&) = delete;
  RunLog& operator=(const RunLog&) = delete;

  /// A line that the disk does not take is lost; that is said once on stderr, and the run goes on.
  void add(const std::string& line);

 private:
  std::string path_;
  int file_;
  int why_ = 0;  ///< errno, of what was not written
  bool told_loss_ = false;
};

}  // namespace heddle::session
