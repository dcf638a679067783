#include "heddle/session/evaluation.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "heddle/comm/collectives.hpp"
#include "heddle/data/sampler.hpp"
#include "heddle/session/checkpoints.hpp"

namespace heddle::session {

bool Evaluations::due(std::int64_t steps_done) const {
  const deck::Deck& deck = run_.deck;
  return deck.data.held_out > 0 && session::due(steps_done, deck.train.evaluate_every, deck.train.steps);
}

bool Evaluations::some_rank(bool wants) const {
  return comm::all_sum(run_.world.all(), wants ? 1.0 : 0.0, "whether the run stops") > 0;
}

/// A batch at a time.
std::optional<double> Evaluations::loss_of(std::int64_t windows, std::int64_t steps_done) {
  Trainer& trainer = run_.trainer;
  const std::int64_t batch = trainer.plan().options.train.batch;
  double sum = 0;  // over windows
  for (std::int64_t done = 0; done < windows; done += batch) {
    run_.progress.evaluates(steps_done, done, windows);
    if (some_rank(run_.stop.wanted())) return {};
    sum += static_cast<double>(std::min(batch, windows - done)) *
           trainer.evaluate(data::evaluation_batch(run_.dataset, windows, done + trainer.first_sample(),
                                                   trainer.sample_count()));
  }
  return sum / static_cast<double>(windows);
}

std::optional<double> Evaluations::make(std::int64_t steps_done) {
  const std::int64_t windows = data::evaluation_windows(run_.dataset, run_.deck.train.evaluate_windows);
  const std::optional<double> loss = loss_of(windows, steps_done);
  if (!loss) return {};
  run_.recorder.validated(steps_done, *loss);
  run_.progress.say(fmt::format("step {}: validation loss {:.4f} of {} windows", steps_done, *loss, windows));
  return loss;
}

std::optional<double> Evaluations::make_up_for(std::int64_t steps_done) {
  run_.progress.say(fmt::format("step {} is evaluated first: the run was stopped before that", steps_done));
  const std::optional<double> loss = make(steps_done);
  if (!loss && !some_rank(run_.stop.signalled()))
    throw Error(ExitCode::failure,
                fmt::format("stopped in the evaluation of step {}, with which it began", steps_done),
                "a run that has less time than that comes no further",
                "give it more time, or train.evaluate_windows fewer");
  return loss;
}

}  // namespace heddle::session
