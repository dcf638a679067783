// heddle timeline: what every rank of a run did when, and where it waited.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "commands.hpp"
#include "heddle/base/duration.hpp"
#include "heddle/base/error.hpp"
#include "heddle/base/text_output.hpp"
#include "heddle/io/run_file.hpp"
#include "heddle/io/stored_run.hpp"
#include "heddle/plan/picture.hpp"

namespace heddle::app {
namespace {

struct Steps {
  std::int64_t first, last;
};

/// "A:B" or "A".
Steps read_steps(const std::string& words) {
  Steps steps{};
  const auto number = [](const char* begin, const char* end, std::int64_t& to) {
    const auto [stop, error] = std::from_chars(begin, end, to);
    return error == std::errc() && stop == end && begin != end;
  };
  const char *begin = words.data(), *end = begin + words.size(), *colon = std::find(begin, end, ':');
  if (!number(begin, colon, steps.first) || !number(colon == end ? begin : colon + 1, end, steps.last))
    throw Error(ExitCode::usage, fmt::format("command line: --steps {}", words), "it is not of the form A:B",
                "give the first and the last step");
  return steps;
}

/// `words` as the command line has them; empty: the last three steps that have events.
Steps chosen(const std::string& path, const io::StoredEvents& events, const std::string& words) {
  const auto last = events.before(std::numeric_limits<std::int64_t>::max());
  if (!last)
    throw Error(ExitCode::usage, path + ": the run has no events",
                "output.events was off, output.events_mib less than a step takes, or it was stopped early",
                "run it with output.events = true");
  if (words.empty()) {
    std::int64_t first = *last;
    while (*last - first < 2 && events.before(first) == first - 1) --first;
    return {first, *last};
  }
  const Steps steps = read_steps(words);
  if (const auto found = events.from(steps.first); found && *found <= steps.last)
    return {*found, std::min(steps.last, *last)};
  const std::int64_t nearest = events.from(steps.first).value_or(*last);
  throw Error(ExitCode::usage, fmt::format("command line: --steps {}", words),
              fmt::format("{} has events of steps between {} and {}, and of none of these", path,
                          *events.from(0), *last),
              fmt::format("try --steps {}", nearest));
}

/// Between steps that are not neighbours a picture would show time that nobody saw.
void demand_neighbours(const std::string& path, const std::vector<io::EventRow>& rows) {
  const auto gap = std::ranges::adjacent_find(
      rows, [](const io::EventRow& row, const io::EventRow& next) { return next.step > row.step + 1; });
  if (gap != rows.end())
    throw Error(ExitCode::usage,
                fmt::format("command line: --steps: {} has no events between its steps {} and {}", path,
                            gap->step, std::next(gap)->step),
                "a long run keeps those of every k-th step (output.events_mib)",
                fmt::format("try --steps {}", gap->step));
}

plan::Panel panel(const std::string& given, const std::string& words) {
  const std::string path = io::place_of_run(given).run_file;
  const io::StoredEvents events(path);
  const Steps steps = chosen(path, events, words);
  plan::Panel panel;
  for (int rank = 0; rank < events.ranks(); ++rank) {
    const std::vector<io::EventRow> rows = events.of(rank, steps.first, steps.last);
    demand_neighbours(path, rows);
    panel.timeline.emplace_back();
    for (const io::EventRow& row : rows) panel.timeline.back().push_back(row.event);
  }
  const schedule::Summary summary = summarize(panel.timeline);
  const TimeUnit unit = time_unit(summary.makespan);
  panel.caption =
      fmt::format("{}, {}: {:.4g} {}, bubble {:.1f} %", path,
                  steps.first == steps.last ? fmt::format("step {}", steps.first)
                                            : fmt::format("steps {} to {}", steps.first, steps.last),
                  summary.makespan * unit.in_a_second, unit.sign, 100 * summary.bubble_of_makespan());
  return panel;
}

}  // namespace

void timeline(const TimelineArguments& arguments) {
  const auto& [runs, steps] = std::tie(arguments.runs, arguments.steps);
  if (!steps.empty() && steps.size() != runs.size())
    throw Error(ExitCode::usage, fmt::format("command line: --steps is given {} times", steps.size()),
                fmt::format("there are {} run files", runs.size()), "give it once for each");
  TextOutput output(arguments.output, {marks::picture, arguments.overwrite});
  plan::Picture picture{
      .title = arguments.title, .remark = "numbers are those of microbatches", .panels = {}};
  for (std::size_t i = 0; i < runs.size(); ++i)
    picture.panels.push_back(panel(runs[i], steps.empty() ? "" : steps[i]));
  output.write(svg(picture));
}

}  // namespace heddle::app
