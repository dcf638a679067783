#include "heddle/session/stop_signals.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>
#include <string_view>

namespace heddle::session {
namespace {

struct Kind {
  int signal;
  std::string_view name;
  bool requests;  ///< a stop, else the end
};
constexpr std::array<Kind, 6> kinds = {{{SIGHUP, "SIGHUP", false},
                                        {SIGINT, "SIGINT", true},
                                        {SIGTERM, "SIGTERM", true},
                                        {SIGUSR1, "SIGUSR1", true},
                                        {SIGUSR2, "SIGUSR2", true},
                                        {SIGXCPU, "SIGXCPU", false}}};

/// Composed before, since hardly anything may be called while a signal is handled.
struct Words {
  bool of_rank_0 = false;
  pid_t launcher = 0;
  std::array<std::string, kinds.size()> of_end, of_stop;
};
Words words;
volatile std::sig_atomic_t listens = 0, stops = 0;

void say(const std::string& line, const siginfo_t& sent) {
  if (words.of_rank_0 || sent.si_pid != words.launcher) (void)!write(STDERR_FILENO, line.data(), line.size());
}

void hear(int signal, siginfo_t* sent, void* /*context*/) {
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    if (kinds[i].signal != signal) continue;
    if (kinds[i].requests && listens && !(stops && signal == SIGINT)) {
      if (!stops) say(words.of_stop[i], *sent);
      if (!stops) stops = signal;
      return;
    }
    say(words.of_end[i], *sent);
  }
  // Does now what it does to a process that does not handle it.
  std::signal(signal, SIG_DFL);
  raise(signal);
}

/// Of this thread, and of those that it starts.
void change_mask(int how) {
  sigset_t all;
  sigemptyset(&all);
  for (const Kind& kind : kinds) sigaddset(&all, kind.signal);
  pthread_sigmask(how, &all, nullptr);
}

}  // namespace

StopSignals::StopSignals(int rank) : rank_(rank) {
  words.of_rank_0 = rank == 0;
  words.launcher = getppid();
  listens = 0;
  stops = 0;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    words.of_end[i] = fmt::format(
        "heddle: rank {} is ended by {}: what came after the last checkpoint is lost\n", rank, kinds[i].name);
    words.of_stop[i] =
        fmt::format("heddle: rank {} has {}: the run stops after this step, with a checkpoint{}\n", rank,
                    kinds[i].name, kinds[i].signal == SIGINT ? "; once more ends it at once" : "");
    struct sigaction now {
    }, heard{};
    sigaction(kinds[i].signal, nullptr, &now);
    if (now.sa_handler != SIG_DFL) continue;  // a parent that has it ignored, as nohup does
    heard.sa_sigaction = hear;
    heard.sa_flags = SA_SIGINFO | SA_RESTART;
    sigaction(kinds[i].signal, &heard, nullptr);
  }
  change_mask(SIG_BLOCK);
  thread_ = std::thread([this] { wait(); });
}

void StopSignals::wait() {
  change_mask(SIG_UNBLOCK);
  std::unique_lock guard(mutex_);
  over_.wait(guard, [this] { return is_over_; });
}

StopSignals::~StopSignals() {
  {
    const std::lock_guard guard(mutex_);
    is_over_ = true;
  }
  over_.notify_one();
  thread_.join();
  for (const Kind& kind : kinds) {
    struct sigaction now {};
    sigaction(kind.signal, nullptr, &now);
    if ((now.sa_flags & SA_SIGINFO) && now.sa_sigaction == hear) std::signal(kind.signal, SIG_DFL);
  }
  change_mask(SIG_UNBLOCK);
}

void StopSignals::listen() const { listens = 1; }
std::string StopSignals::request() const {
  for (const Kind& kind : kinds)
    if (kind.signal == stops) return fmt::format("{} on rank {}", kind.name, rank_);
  return "";
}

}  // namespace heddle::session
