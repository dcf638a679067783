// Writes down what a run does: an observer that fills the run file.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "heddle/comm/communicator.hpp"
#include "heddle/deck/deck.hpp"
#include "heddle/exec/device_machine.hpp"
#include "heddle/io/run_file.hpp"
#include "heddle/session/run_events.hpp"

namespace heddle::session {

/// The run file is handed the events of so many steps at a time.
inline constexpr std::int64_t steps_between_events = 50;

/// On every rank, since the events of all come to the file, which rank 0 writes. What it lists of a step is what the step told.
class Recorder final : public exec::Observer {
 public:
  /// Ranks and clock must outlive it. `tokens_per_step` are those of the whole grid.
  Recorder(const comm::Communicator& ranks, const exec::Clock& clock, std::int64_t tokens_per_step);

  /// On rank 0, once. `warn` is told what a person should know.
  using Warn = std::function<void(const std::string&)>;
  void open(io::RunFile file, Warn warn);
  /// Its seconds count from now on, beginning with those of earlier legs, as its tokens do with those that were trained on.
  void begin(std::int64_t tokens);

  void step_ended(const exec::StepResult& result) override;
  /// Its step is made with other samples: what was seen of it goes. Told to the disk.
  void passed_over(const io::PassedOver& row);
  /// Of the step that ended last, perhaps in an earlier leg.
  void validated(std::int64_t step, double loss);
  /// The observer of events, which may be left out.
  exec::Observer& events() { return events_; }

  /// Whether `hand_on` gathers events after so many steps, which are settled by then.
  static bool gathers(std::int64_t steps_done) { return steps_done % steps_between_events == 0; }
  /// After each step, of which so many are done: hands on what is due. Collective. Rows that the disk does not take are kept, and said
  /// once.
  void hand_on(std::int64_t steps_done);
  /// Brings what it has of steps to the disk, as far as there is room.
  void write_steps();
  /// Collective: everything, as far as there is room.
  void write_all();
  /// Collective: everything, and the mark that the run is at its end. Throws Error(failure) on rank 0 where the disk does not take it.
  void finish();
  /// A run that fails leaves the steps that led there. Not collective, and throws nothing.
  void keep();

 private:
  io::StepRow row_of(const exec::StepResult& result) const;
  void add_rows();
  void gather_events();
  void flush();

  const comm::Communicator& ranks_;
  const exec::Clock& clock_;
  std::int64_t tokens_per_step_, tokens_ = 0;
  std::optional<io::RunFile> file_;  ///< on rank 0
  Warn warn_;
  RunEvents events_;               ///< since they were last gathered
  std::vector<io::StepRow> rows_;  ///< of steps that have ended and are not in the file
  std::vector<io::PassedOver> passed_over_;
  double begin_ = 0, last_flush_ = 0;
  bool told_refusal_ = false;  ///< since the file last took rows
};

}  // namespace heddle::session
