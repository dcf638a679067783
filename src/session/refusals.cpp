#include "heddle/session/refusals.hpp"

#include <fmt/format.h>

#include <cmath>

namespace heddle::session {
namespace {

bool finite(const train::StepResult& result) {
  return std::isfinite(result.loss) && std::isfinite(result.gradient_norm);
}

std::string origin_in_words(const std::optional<Origin>& origin, const Samples& samples) {
  if (!origin) return "all that kernels made is finite, so that a sum over ranks went beyond its type";
  const std::int64_t first = samples.first + origin->first_sample;
  return fmt::format("the first number that is not finite: {}, of samples {} to {}", origin->what, first,
                     first + origin->samples - 1);
}

}  // namespace

/// Every rank learns the same of it.
bool Refusals::counts_again(std::int64_t step, const data::Batch& batch, exec::Observer& again,
                            OriginFinder& finder) {
  exec::Observers all;
  all.add(again);
  all.add(finder);
  try {
    in_.trainer.step(step, batch, &all);
    in_.trainer.settle();
    return true;
  } catch (const train::Refused&) {
    return false;
  }
}

/// Its row is the run's last.
void Refusals::end(const train::StepResult& result, const std::string& problem, const std::string& why) {
  in_.recorder.step_ended(result);
  throw Error(ExitCode::numbers, problem, why, train::Refused::fix);
}

Refusals::Outcome Refusals::meet(const train::Refused& refused, Samples samples, const data::Batch& batch,
                                 exec::Observer& again) {
  const train::StepResult result = in_.trainer.result();
  const bool stops = in_.train.on_nan == deck::OnNan::stop;
  std::string why = refused.why;
  if (!finite(result)) {
    OriginFinder finder(in_.trainer, in_.clock);
    if (counts_again(result.step, batch, again, finder)) {
      const std::string once_more = fmt::format(
          "made once more it counts, loss = {:.4f}: suspect the hardware", in_.trainer.result().loss);
      if (stops) end(result, refused.problem, once_more);
      in_.progress.warn(fmt::format("heddle: {} ({})", refused.problem, once_more));
      in_.recorder.step_ended(in_.trainer.result());
      return Outcome::counts;
    }
    why += "; " + origin_in_words(finder.first(in_.world), samples);
  }
  if (!stops && ++count_ > in_.train.nan_limit)
    why += fmt::format("; train.nan_limit = {} steps were passed over before", in_.train.nan_limit);
  if (stops || count_ > in_.train.nan_limit) end(result, refused.problem, why);
  in_.recorder.passed_over(
      {result.step + 1, samples.first, samples.count, result.loss, result.gradient_norm});
  if (in_.world.rank() == 0)
    in_.progress.warn(fmt::format("heddle: {} ({}); samples {} to {} are passed over", refused.problem, why,
                                  samples.first, samples.first + samples.count - 1));
  return in_.train.on_nan == deck::OnNan::skip ? Outcome::passed_over : Outcome::rolled_back;
}

}  // namespace heddle::session
