// Errors that tell a person what to do, and the exit codes of the program.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace heddle {

/// What the process hands back to the shell; the same on every rank.
enum class ExitCode : int {
  done = 0,
  failure = 1,  ///< the run failed: a file, a system call, an internal contract
  usage = 2,    ///< the deck, the command line, or a file that is read is wrong
  numbers = 3,  ///< the loss, a gradient or what is learnt is not finite
  hang = 4,     ///< no rank finished anything for comm.timeout
  stopped = 5,  ///< by request, with a checkpoint: the run can go on
};

/// A message of the form `PROBLEM (WHY); FIX`. `why` and `fix` may be empty.
std::string describe(const std::string& problem, const std::string& why, const std::string& fix);

/// Carries the exit code to `main`, where rank 0 prints the message and every rank leaves with the code.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& problem, const std::string& why = "", const std::string& fix = "")
      : std::runtime_error(describe(problem, why, fix)), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

/// A value that cannot be had, found where the deck is no longer at hand. `keys` are those that a
/// person would change, such as "grid.tensor": whoever has the deck says where the first of them that
/// is given stands.
class KeyError : public Error {
 public:
  KeyError(std::vector<std::string> keys, const std::string& problem, const std::string& why = "",
           const std::string& fix = "")
      : Error(ExitCode::usage, problem, why, fix), keys_(std::move(keys)) {}
  const std::vector<std::string>& keys() const { return keys_; }

 private:
  std::vector<std::string> keys_;
};

[[noreturn]] void contract_violated(const char* condition, const char* file, int line);

}  // namespace heddle

/// Guards what only a mistake in Heddle itself can break; what a person can break throws Error with a message
/// of its own.
#define HEDDLE_EXPECT(condition) \
  ((condition) ? void(0) : ::heddle::contract_violated(#condition, __FILE__, __LINE__))
