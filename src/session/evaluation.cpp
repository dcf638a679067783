#include "heddle/session/evaluation.hpp"

#include <algorithm>

#include "heddle/data/sampler.hpp"

namespace heddle::session {

std::optional<double> evaluate(Trainer& trainer, const data::Dataset& dataset, std::int64_t windows,
                               const LeavesOff& leaves_off) {
  const std::int64_t batch = trainer.plan().options.train.batch;
  double sum = 0;  // over windows
  for (std::int64_t done = 0; done < windows; done += batch) {
    if (leaves_off(done)) return {};
    sum += static_cast<double>(std::min(batch, windows - done)) *
           trainer.evaluate(data::evaluation_batch(dataset, windows, done + trainer.first_sample(),
                                                   trainer.sample_count()));
  }
  return sum / static_cast<double>(windows);
}

}  // namespace heddle::session
