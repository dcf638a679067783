#include "last_words.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>
#include <string_view>
#include <utility>

namespace heddle::app {
namespace {

constexpr std::array<std::pair<int, std::string_view>, 6> signals = {{{SIGHUP, "SIGHUP"},
                                                                      {SIGINT, "SIGINT"},
                                                                      {SIGTERM, "SIGTERM"},
                                                                      {SIGUSR1, "SIGUSR1"},
                                                                      {SIGUSR2, "SIGUSR2"},
                                                                      {SIGXCPU, "SIGXCPU"}}};

/// Composed before, since hardly anything may be called while a signal is handled.
struct Words {
  bool of_rank_0 = false;
  pid_t launcher = 0;
  std::array<std::string, signals.size()> lines;
};
Words words;

/// The signal is then raised once more, and does what it does to a process that does not handle it.
void say(int signal, siginfo_t* sent, void* /*context*/) {
  for (std::size_t i = 0; i < signals.size(); ++i)
    if (signals[i].first == signal && (words.of_rank_0 || sent->si_pid != words.launcher))
      (void)!write(STDERR_FILENO, words.lines[i].data(), words.lines[i].size());
  raise(signal);
}

}  // namespace

LastWords::LastWords(int rank) {
  words.of_rank_0 = rank == 0;
  words.launcher = getppid();
  for (std::size_t i = 0; i < signals.size(); ++i) {
    words.lines[i] =
        fmt::format("heddle: rank {} is ended by {}: what came after the last checkpoint is lost\n", rank,
                    signals[i].second);
    struct sigaction now {
    }, said{};
    sigaction(signals[i].first, nullptr, &now);
    if (now.sa_handler != SIG_DFL) continue;  // a parent that has it ignored, as nohup does
    said.sa_sigaction = say;
    said.sa_flags = SA_SIGINFO | static_cast<int>(SA_RESETHAND);
    sigaction(signals[i].first, &said, nullptr);
  }
}

LastWords::~LastWords() {
  for (const auto& [signal, name] : signals) {
    struct sigaction now {};
    sigaction(signal, nullptr, &now);
    if ((now.sa_flags & SA_SIGINFO) && now.sa_sigaction == say) std::signal(signal, SIG_DFL);
  }
}

}  // namespace heddle::app
