#include "whereabouts.hpp"

#include <cxxabi.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <span>
#include <string_view>
#include <thread>

namespace heddle::comm {
namespace {
using namespace std::chrono_literals;

constexpr auto longest = 100ms;
constexpr std::size_t stack_size = 1 << 16;  // beside what the processor's registers take

/// From the innermost; the first two are the handler's.
std::array<void*, 64> frames;
constexpr std::size_t of_handler = 2;
std::atomic<int> noted = 0;  ///< so many; none until the thread has answered

void note(int /*signal*/) {
  if (noted != 0) return;
  const int error = errno;
  noted = backtrace(frames.data(), frames.size());
  errno = error;
}

std::string without(std::string text, std::string_view part) {
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part)) text.erase(at, part.size());
  return text;
}

/// Without types of arguments.
std::string readable(const char* symbol) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(symbol, nullptr, nullptr, &status), &std::free);
  const std::string text =
      without(without(name ? name.get() : symbol, "(anonymous namespace)::"), "heddle::");
  const std::size_t begin = text.starts_with("PMPI_") ? 1 : 0;
  return text.substr(begin, text.find('(') - begin);
}

struct Place {
  const void* binary = nullptr;  ///< program or library
  std::string name;              ///< "": a function that only its source knows
};

Place place_of(const void* instruction) {
  Dl_info found{};
  if (!dladdr(instruction, &found)) return {};
  return {found.dli_fbase, found.dli_sname ? readable(found.dli_sname) : ""};
}

std::string described(std::span<void* const> stack) {
  const void* const program = place_of(reinterpret_cast<const void*>(&readable)).binary;
  std::string library;
  bool left_library = false;
  for (const void* frame : stack) {
    const Place place = place_of(static_cast<const char*>(frame) - 1);  // behind the call
    left_library = left_library || place.binary == program;
    if (place.name.empty()) continue;
    if (place.binary == program) return library.empty() ? place.name : library + ", called by " + place.name;
    if (!left_library) library = place.name;
  }
  return library;
}

/// As Linux says: a letter.
char state_of(pid_t thread) {
  std::ifstream file(fmt::format("/proc/self/task/{}/stat", thread));
  std::string text;
  std::getline(file, text);
  const std::size_t name_ends = text.rfind(") ");
  return name_ends == std::string::npos ? '?' : text[name_ends + 2];
}

}  // namespace

Whereabouts::Whereabouts()
    : thread_(pthread_self()), number_(gettid()), stack_(stack_size + sysconf(_SC_MINSIGSTKSZ)) {
  void* any[1];
  backtrace(any, 1);  // loads what it needs, which a handler may not
  stack_t own{};
  own.ss_sp = stack_.data();
  own.ss_size = stack_.size();
  sigaltstack(&own, &stack_before_);
  struct sigaction handler {};
  handler.sa_handler = note;
  handler.sa_flags = SA_ONSTACK | SA_RESTART;
  sigaction(SIGURG, &handler, &handler_before_);
}

Whereabouts::~Whereabouts() {
  sigaction(SIGURG, &handler_before_, nullptr);
  sigaltstack(&stack_before_, nullptr);
}

std::string Whereabouts::tell() const {
  noted = 0;
  if (pthread_kill(thread_, SIGURG) != 0) return "";
  for (const auto end = std::chrono::steady_clock::now() + longest;
       noted == 0 && std::chrono::steady_clock::now() < end;)
    std::this_thread::sleep_for(1ms);
  if (const auto count = static_cast<std::size_t>(noted); count > of_handler)
    return described(std::span(frames).first(count).subspan(of_handler));
  return state_of(number_) == 'D' ? "the kernel, which waits for a file system or a device" : "";
}

}  // namespace heddle::comm
