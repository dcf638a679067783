#include "heddle/session/allocation.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "heddle/base/environment.hpp"

namespace heddle::session {
namespace {

/// "1-02:03:04", "02:03:04" or "03:04", as squeue has it; none of "UNLIMITED" and "NOT_SET".
std::optional<double> seconds_in(const std::string& text) {
  const auto in_all = [](int days, int hours, int minutes, int seconds) {
    return ((days * 24.0 + hours) * 60 + minutes) * 60 + seconds;
  };
  int d = 0, h = 0, m = 0, s = 0;
  if (std::sscanf(text.c_str(), "%d-%d:%d:%d", &d, &h, &m, &s) == 4) return in_all(d, h, m, s);
  if (std::sscanf(text.c_str(), "%d:%d:%d", &h, &m, &s) == 3) return in_all(0, h, m, s);
  if (std::sscanf(text.c_str(), "%d:%d", &m, &s) == 2) return in_all(0, 0, m, s);
  return {};
}

std::optional<std::int64_t> whole_number(const std::string& text) {
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) return {};
  return number;
}

/// Whether something can be read within a few seconds; a signal begins them anew.
bool can_be_read(int from) {
  pollfd readable{from, POLLIN, 0};
  constexpr int patience = 5000;  // milliseconds
  int ready = 0;
  do ready = ::poll(&readable, 1, patience);
  while (ready < 0 && errno == EINTR);
  return ready > 0;
}

/// What a program prints within a few seconds, up to a line's length; empty where it cannot be started.
std::string output_of(std::vector<std::string> command) {
  int ends[2];
  if (::pipe(ends) != 0) return "";
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  std::vector<char*> words;
  for (std::string& word : command) words.push_back(word.data());
  words.push_back(nullptr);
  pid_t child = 0;
  const int failed = ::posix_spawnp(&child, words[0], &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  std::string text(64, '\0');
  const bool answers = !failed && can_be_read(ends[0]);
  const auto length = answers ? ::read(ends[0], text.data(), text.size()) : 0;
  ::close(ends[0]);
  if (!failed && !answers) ::kill(child, SIGKILL);
  if (!failed) ::waitpid(child, nullptr, 0);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
  return text;
}

}  // namespace

std::optional<double> seconds_of_allocation() {
  if (const auto end = whole_number(environment("SLURM_JOB_END_TIME"))) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<double>(*end) - std::chrono::duration<double>(now).count();
  }
  const std::string job = environment("SLURM_JOB_ID");
  if (job.empty()) return {};
  return seconds_in(output_of({"squeue", "-h", "-j", job, "-o", "%L"}));
}

}  // namespace heddle::session
