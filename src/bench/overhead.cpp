#include "overhead.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "heddle/base/aside_file.hpp"
#include "heddle/schedule/verify.hpp"
#include "heddle/session/recorder.hpp"
#include "heddle/session/run_events.hpp"

namespace heddle::bench {
namespace {

/// Seconds of one of `times` calls.
template <class F>
double seconds_each(int times, F&& what) {
  const exec::Clock clock;
  for (int i = 0; i < times; ++i) what(i);
  return clock.now() / times;
}

/// As a session keeps them: its rows are emptied as often as there.
double event_seconds(const std::vector<io::EventRow>& step, session::RunEvents& recorder) {
  const exec::Clock clock;
  exec::Observer& observer = recorder;  // as the loop knows it
  return seconds_each(200, [&](int i) {
    if (i % session::steps_between_events == 0) recorder.rows.clear();
    observer.step_begins(i);
    for (const io::EventRow& row : step) {
      observer.action_begins(row.event.action);
      const double begin = clock.now();
      observer.action_ended({row.event.action, begin, clock.now()});
    }
  });
}

/// Rank 0 writes them to a run file of its own, which is removed.
double file_seconds(const plan::Plan& plan, comm::World& world, std::span<const io::EventRow> rows) {
  namespace fs = std::filesystem;
  const std::string path = (fs::temp_directory_path() / fmt::format("heddle-bench-{}.h5", getpid())).string();
  std::optional<AsideFile> place;  // removes it
  std::optional<io::RunFile> file;
  if (world.rank() == 0) {
    place.emplace(path);
    io::RunHeader header;
    header.hosts = world.hosts();
    header.grid = plan.grid();
    file.emplace(place->partial(), header);
  }
  const double seconds = seconds_each(5, [&](int) {
    const auto all = io::gather_events(world.all(), rows);
    if (!file) return;
    file->add(all);
    file->flush();
  });
  return seconds / static_cast<double>(session::steps_between_events);
}

/// More turns than a wait takes before it first looks at its watch: so much is done at the most between the
/// end of what was waited for and the end of the wait.
double wait_seconds(comm::World& world) {
  constexpr int turns = 60;
  return seconds_each(1000, [&](int i) {
    comm::Wait wait(world.watchdog(), {.action = fmt::format("measurement {}", i)});
    for (int turn = 0; turn < turns; ++turn) wait.idle();
  });
}

}  // namespace

Overhead measure_overhead(const plan::Plan& plan, comm::World& world, const std::vector<io::EventRow>& step,
                          double waits) {
  session::RunEvents recorder;
  Overhead overhead;
  overhead.events = event_seconds(step, recorder);
  overhead.file = file_seconds(plan, world, recorder.rows);
  overhead.watchdog = waits * wait_seconds(world);
  overhead.verifier =
      seconds_each(3, [&](int) { schedule::verify(plan.training.schedule, plan.training.lookahead); }) /
      static_cast<double>(plan.options.train.steps);
  return overhead;
}

nlohmann::ordered_json object(const Overhead& overhead) {
  return {{"events", overhead.events},
          {"file", overhead.file},
          {"watchdog", overhead.watchdog},
          {"verifier", overhead.verifier}};
}

}  // namespace heddle::bench
