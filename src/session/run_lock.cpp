#include "run_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>

#include "heddle/base/duration.hpp"
#include "heddle/base/environment.hpp"
#include "heddle/base/error.hpp"
#include "heddle/base/output_path.hpp"
#include "heddle/base/process_begin.hpp"
#include "heddle/base/utc.hpp"

namespace heddle::session {
namespace {

std::string this_host() {
  char name[256] = "";
  ::gethostname(name, sizeof name - 1);
  return name;
}

struct Holder {
  std::string host, process, begin, job, restart, since;

  friend bool operator==(const Holder&, const Holder&) = default;
};

Holder this_process() {
  return {this_host(),
          std::to_string(::getpid()),
          begin_of(::getpid()),
          environment("SLURM_JOB_ID"),
          environment("SLURM_RESTART_COUNT"),
          utc_now()};
}

/// A line each of the lock: a word, a blank, the rest.
constexpr std::pair<std::string_view, std::string Holder::*> lines_of_a_lock[] = {
    {"host", &Holder::host}, {"process", &Holder::process}, {"begin", &Holder::begin},
    {"job", &Holder::job},   {"restart", &Holder::restart}, {"since", &Holder::since}};

std::string text_of(const Holder& holder) {
  std::string text;
  for (const auto& [word, member] : lines_of_a_lock) text += fmt::format("{} {}\n", word, holder.*member);
  return text;
}

std::optional<Holder> read(const std::string& path) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  Holder holder;
  for (std::string line; std::getline(file, line);)
    for (const auto& [word, member] : lines_of_a_lock)
      if (line.starts_with(fmt::format("{} ", word))) holder.*member = line.substr(word.size() + 1);
  return holder;
}

/// By the clock of the file system, which may not be this host's: `mine` was written just now.
double seconds_since_touched(const std::string& path, const std::string& mine) {
  struct stat theirs {
  }, now{};
  if (::stat(path.c_str(), &theirs) != 0 || ::stat(mine.c_str(), &now) != 0) return 0;
  return static_cast<double>(now.st_mtim.tv_sec - theirs.st_mtim.tv_sec);
}

bool is_stale(const Holder& theirs, const Holder& mine, double silent) {
  if (theirs.host == mine.host) {
    const long process = std::atol(theirs.process.c_str());
    const bool gone = ::kill(static_cast<pid_t>(process), 0) != 0 && errno == ESRCH;
    return gone || begin_of(process) != theirs.begin;
  }
  if (!theirs.job.empty() && theirs.job == mine.job && theirs.restart != mine.restart) return true;
  return silent > 3.0 * static_cast<double>(lock_beat.count());
}

/// Takes away the lock that was judged, and no other that somebody was quicker to put in its place.
void remove_stale(const std::string& path, const std::string& aside, const Holder& judged) {
  if (std::rename(path.c_str(), aside.c_str()) != 0) return;
  if (read(aside) != judged) ::link(aside.c_str(), path.c_str());
  ::unlink(aside.c_str());
}

}  // namespace

void take_lock(const std::string& path) {
  const Holder mine = this_process();
  const std::string own = fmt::format("{}.{}.{}", path, mine.host, mine.process), aside = own + ".stale";
  constexpr int attempts = 3;
  std::optional<Holder> theirs;
  double silent = 0;
  for (int i = 0; i < attempts; ++i) {
    write_bytes(own, text_of(mine), path);
    const bool taken =
        ::link(own.c_str(), path.c_str()) == 0;  // at once, on any file system, and with its text
    const int reason = errno;
    if (!taken && reason == EEXIST) {
      theirs = read(path);
      silent = seconds_since_touched(path, own);
    }
    ::unlink(own.c_str());
    if (taken) return;
    if (reason != EEXIST) throw Error(ExitCode::failure, path + ": cannot write it", std::strerror(reason));
    if (!theirs) continue;  // gone meanwhile
    if (!is_stale(*theirs, mine, silent)) break;
    remove_stale(path, aside, *theirs);
  }
  const Holder holder = theirs.value_or(Holder{});
  throw Error(ExitCode::usage, path + ": another run is at work in this folder",
              fmt::format("process {} on {}, since {}{}, last seen {} ago", holder.process, holder.host,
                          holder.since, holder.job.empty() ? "" : ", job " + holder.job, duration(silent)),
              "give another output.directory, or wait for its end");
}

void touch_lock(const std::string& path) { ::utimensat(AT_FDCWD, path.c_str(), nullptr, 0); }

}  // namespace heddle::session
