#include "heddle/session/refusals.hpp"

#include <fmt/format.h>

#include <cmath>

#include "heddle/comm/watchdog.hpp"

namespace heddle::session {
namespace {

bool finite(const train::StepResult& result) {
  return std::isfinite(result.loss) && std::isfinite(result.gradient_norm);
}

std::string in_words(const std::optional<Origin>& origin, const Samples& samples) {
  if (!origin) return "all that kernels made is finite, so that a sum over ranks went beyond its type";
  if (origin->before) return "it was so before the step: " + origin->what;
  const std::int64_t first = samples.first + origin->first_sample;
  return fmt::format("the first number that is not finite: {}, of samples {} to {}", origin->what, first,
                     first + origin->samples - 1);
}

}  // namespace

bool Refusals::ends_all(const std::exception& error) {
  const auto* const known = dynamic_cast<const Error*>(&error);
  return known && known->code() == ExitCode::numbers && !dynamic_cast<const comm::PeerFailed*>(known);
}

/// None: it counts. Every rank learns the same of it.
std::optional<train::Refused> Refusals::once_more(std::int64_t step, const data::Batch& batch,
                                                  exec::Observer& again, OriginFinder& finder) {
  exec::Observers all;
  all.add(again);
  all.add(finder);
  try {
    in_.trainer.step(step, batch, &all);
    in_.trainer.settle();
    return {};
  } catch (const train::Refused& refused) {
    return refused;
  }
}

/// Its row is the run's last.
void Refusals::end(const Case& of, const std::string& why, const std::string& fix) {
  in_.recorder.step_ended(of.result);
  throw Error(ExitCode::numbers, of.problem, why, fix);
}

/// Counts, too, what counts only once more: a run whose hardware errs all the time comes to its end.
void Refusals::go_on_or_end(const Case& of, const std::string& fix) {
  if (in_.train.on_nan == deck::OnNan::stop) end(of, of.why, fix);
  if (++count_ > in_.train.nan_limit)
    end(of, fmt::format("{}; train.nan_limit = {} such steps came before", of.why, in_.train.nan_limit), fix);
}

void Refusals::warn(const std::string& line) const {
  if (in_.world.rank() == 0) in_.progress.warn("heddle: " + line);
}

bool Refusals::counts_once_more(Case& one, const Samples& samples, const data::Batch& batch,
                                exec::Observer& again) {
  OriginFinder finder(in_.trainer, in_.clock);
  const auto second = once_more(one.result.step, batch, again, finder);
  const train::StepResult& result = in_.trainer.result();
  if (!finite(result)) {
    const auto origin = finder.first(in_.world);
    one.why += "; " + in_words(origin, samples);
    if (origin && origin->before) end(one, one.why, "go on from an older checkpoint: --restart=PATH");
    return false;
  }
  one.why = fmt::format("made once more it {}, loss = {:.4f}: suspect the hardware",
                        second ? "is finite" : "counts", result.loss);
  if (second) {
    one = {result, second->problem, fmt::format("{}; {}", one.why, second->why)};
    return false;
  }
  go_on_or_end(one, "try other nodes, or train.on_nan = \"skip\", which goes on with what counts");
  warn(fmt::format("{} ({})", one.problem, one.why));
  in_.recorder.step_ended(result);
  in_.progress.step_ended(result);
  return true;
}

Refusals::Outcome Refusals::meet(const train::Refused& refused, Samples samples, const data::Batch& batch,
                                 exec::Observer& again) {
  Case one{in_.trainer.result(), refused.problem, refused.why};
  if (!finite(one.result) && counts_once_more(one, samples, batch, again)) return Outcome::counts;
  go_on_or_end(one, against_divergence);
  in_.recorder.passed_over(
      {one.result.step + 1, samples.first, samples.count, one.result.loss, one.result.gradient_norm});
  warn(fmt::format("{} ({}); samples {} to {} are passed over", one.problem, one.why, samples.first,
                   samples.first + samples.count - 1));
  return in_.train.on_nan == deck::OnNan::skip ? Outcome::passed_over : Outcome::rolled_back;
}

}  // namespace heddle::session
