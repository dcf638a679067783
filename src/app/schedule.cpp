// heddle schedule: a deck's schedule, to be read, kept or exchanged.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "heddle/app/commands.hpp"
#include "heddle/base/text_output.hpp"
#include "heddle/plan/from_deck.hpp"
#include "heddle/plan/schedule_file.hpp"
#include "heddle/plan/simulation.hpp"
#include "heddle/schedule/activations.hpp"
#include "heddle/schedule/communication.hpp"
#include "heddle/schedule/lookahead.hpp"
#include "heddle/schedule/picture.hpp"
#include "heddle/schedule/simulated_machine.hpp"
#include "heddle/schedule/text.hpp"

namespace heddle::app {
namespace {

/// On a common clock: a file's own, otherwise the earliest.
schedule::Cells clocks_of(const plan::Options& options, const schedule::Schedule& rows) {
  return plan::is_file(options.pipeline) ? plan::cells_of_file(options.pipeline) : lock_step(rows);
}

/// As torch.distributed.pipelining places sends and receives.
schedule::Schedule with_communication(const plan::Options& options, const schedule::Schedule& rows) {
  if (communicates(rows)) return rows;
  return add_communication(clocks_of(options, rows), rows.rank_of_stage, schedule::Receives::as_sent);
}

std::size_t steps(const schedule::Cells& clocks) {
  std::size_t most = 0;
  for (const auto& row : clocks) most = std::max(most, row.size());
  return most;
}

/// The rows on a common clock, and what they cost if F, I and W take equally long.
std::string page(const plan::Options& options, const schedule::Schedule& rows) {
  const schedule::Schedule complete = lower(rows), exchanged = with_communication(options, rows);
  const schedule::Costs costs = schedule::unit_costs(rows.stages());
  const schedule::Cells clocks =
      communicates(rows) ? lock_step_with_communication(exchanged) : lock_step(rows);
  const auto summary =
      summarize(simulate(complete, costs, ample_lookahead(complete, costs, options.pipeline.lookahead)));
  std::string text = picture(clocks, rows.rank_of_stage);
  text += '\n';
  text += fmt::format("{}: {} ranks, {} stages, {} microbatches\n", options.pipeline.schedule, rows.ranks(),
                      rows.stages(), rows.microbatches);
  text += fmt::format("{} lock-step steps, {} with sends and receives\n", steps(clocks),
                      steps(lock_step_with_communication(exchanged)));
  text += fmt::format("peak activations of the ranks, in a stage's of one microbatch: {:g}\n",
                      fmt::join(peak_activations(rows, options.cost.weight_memory), " "));
  text += fmt::format(
      "bubble, if F, I and W take a second each and B two: {:g} s, {:.1f} % of the largest span of a rank\n",
      summary.largest_span - summary.busy(), 100 * summary.bubble_of_span());
  return text;
}

std::string written(const plan::Options& options, const schedule::Schedule& rows,
                    const ScheduleArguments& arguments) {
  if (arguments.format == "csv")
    return arguments.communication ? write(with_communication(options, rows))
                                   : write(clocks_of(options, rows));
  if (!arguments.communication) return page(options, rows);
  return picture(lock_step_with_communication(with_communication(options, rows)), rows.rank_of_stage);
}

}  // namespace

void schedule(const ScheduleArguments& arguments) {
  const bool drawn = arguments.format == "svg";
  if (drawn && arguments.output.empty())
    throw Error(ExitCode::usage, "command line: --format svg has no file", "", "add -o FILE");
  const deck::Deck deck =
      read_deck(arguments.deck, drawn ? deck::Purpose::simulation : deck::Purpose::schedule);
  const plan::Options options = plan::options_of(deck);
  TextOutput output(arguments.output.empty() ? "-" : arguments.output,
                    {drawn ? marks::picture : marks::none, arguments.overwrite});
  output.write(drawn ? plan::picture(plan::simulate(deck), options)
                     : written(options, plan::rows_of(deck), arguments));
}

}  // namespace heddle::app
