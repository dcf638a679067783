// Which window of the text is sample k of a run. The choice depends on nothing but the seed and k, so the
// position in the data is how many samples were consumed: a checkpoint has it for free, and every grid and every restart sees
// the same samples, also one with another batch.
#pragma once

#include <cstdint>

#include "heddle/data/dataset.hpp"
#include "heddle/deck/deck.hpp"

namespace heddle::data {

class Sampler {
 public:
  /// `random`: uniform crops with replacement, as nanoGPT draws them; `sequential`: windows end to end,
  /// wrapping.
  Sampler(const Dataset& dataset, deck::SampleOrder order, std::int64_t seed);

  /// First token of sample `k` of the run, counted from 0 over all steps.
  std::int64_t start_of(std::int64_t k) const;

  /// Samples [first, first + samples) of the run: each data rank asks for its own part of a step's.
  Batch batch(std::int64_t first, std::int64_t samples) const;

 private:
  const Dataset* dataset_;
  deck::SampleOrder order_;
  std::uint64_t key_;
};

/// How many windows an evaluation takes that was asked for so many: at most those that lie end to end in the held-out part.
std::int64_t evaluation_windows(const Dataset& dataset, std::int64_t asked);

/// Samples [first, first + samples) of `windows` windows spread evenly over the held-out part: always the same ones, none twice. Samples beyond
/// them are filled: none of their targets counts (heddle/base/target.hpp). Contract: there are so many windows.
Batch evaluation_batch(const Dataset& dataset, std::int64_t windows, std::int64_t first,
                       std::int64_t samples);

/// Samples [first, first + count) of one batch that needs no file: inputs and targets drawn
/// uniformly from counters.
Batch made_up_batch(std::int64_t vocabulary, std::int64_t sequence, std::int64_t first, std::int64_t count);

}  // namespace heddle::data
