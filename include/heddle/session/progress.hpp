// What a person sees while a run goes on: one line that renews itself on a terminal, a line now and then
// in a log, and the same in the run's own log.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "heddle/exec/device_machine.hpp"
#include "heddle/exec/observer.hpp"

namespace heddle::session {

class RunLog;
/// What becomes of lines that an earlier run left in the log.
enum class Older : bool { go, stay };

class Progress final : public exec::Observer {
 public:
  /// Only a voiced one prints. `tokens_per_step` counts the whole grid.
  enum class Voice { silent, speaks };
  Progress(Voice voice, std::int64_t steps, std::int64_t tokens_per_step, std::int64_t log_every);
  ~Progress() override;

  /// From now on lines that stay, and warnings, go to this file too, whatever the voice.
  void keep_log(const std::string& path, Older older = Older::go);

  void step_begins(std::int64_t step) override;
  void step_ended(const exec::StepResult& result) override;
  /// So many windows of the step's evaluation are done; it begins with 0.
  void evaluates(std::int64_t step, std::int64_t windows_done, std::int64_t windows);
  /// A line of its own that stays.
  void say(const std::string& line);
  /// To stderr, whatever the voice.
  void warn(const std::string& line);
  /// What somebody else prints.
  void log(const std::string& line);

 private:
  void print(const std::string& line, const char* end) const;
  std::string time_left(std::int64_t steps_done, double seconds) const;

  Voice voice_;
  std::int64_t steps_, tokens_per_step_, log_every_;
  bool terminal_;
  std::unique_ptr<RunLog> log_;
  std::optional<std::int64_t> first_;  ///< the first step that was begun here
  exec::Clock clock_;                  ///< since then
  double first_seconds_ =
      0;  ///< that step's end: it loads code and touches memory for the first time, as no other does
  std::int64_t shown_step_ = 0;  ///< where tokens/s is measured from
  double shown_seconds_ = 0;
  double tokens_per_second_ = 0;  ///< lately

  struct Evaluation {
    exec::Clock clock;  ///< since it began
    double shown = 0;   ///< when it was, lately
    bool told = false;  ///< that it is a long one
  };
  Evaluation evaluation_;
};

}  // namespace heddle::session
