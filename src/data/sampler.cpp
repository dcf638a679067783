#include "heddle/data/sampler.hpp"

#include <algorithm>

#include "heddle/base/error.hpp"
#include "heddle/base/random.hpp"
#include "heddle/base/target.hpp"

namespace heddle::data {
namespace {

/// Uniform in [0, count): 53 bits, so that a text of 10^11 tokens is still drawn evenly to 1e-5.
std::int64_t integer_at(std::uint64_t key, std::int64_t index, std::int64_t count) {
  const Philox bits = Philox::draw(key, 0, static_cast<std::uint64_t>(index));
  const std::uint64_t wide = (static_cast<std::uint64_t>(bits.word[0]) << 32 | bits.word[1]) >> 11;
  return static_cast<std::int64_t>(static_cast<double>(wide) * 0x1p-53 * static_cast<double>(count));
}

/// Windows that lie end to end in a part; each needs one token more, the last target.
std::int64_t windows_in(const Part& part, std::int64_t sequence) { return (part.length() - 1) / sequence; }

}  // namespace

Sampler::Sampler(const Dataset& dataset, deck::SampleOrder order, std::int64_t seed)
    : dataset_(&dataset), order_(order), key_(random_key("data.samples", static_cast<std::uint64_t>(seed))) {}

std::int64_t Sampler::start_of(std::int64_t k) const {
  const Part& part = dataset_->train();
  const std::int64_t sequence = dataset_->sequence();
  if (order_ == deck::SampleOrder::random) return part.begin + integer_at(key_, k, part.length() - sequence);
  return part.begin + k % windows_in(part, sequence) * sequence;
}

Batch Sampler::batch(std::int64_t first, std::int64_t samples) const {
  HEDDLE_EXPECT(first >= 0 && samples >= 0);
  std::vector<std::int64_t> starts;
  for (std::int64_t k = first; k < first + samples; ++k) starts.push_back(start_of(k));
  return dataset_->read(starts);
}

std::int64_t evaluation_windows(const Dataset& dataset, std::int64_t asked) {
  return std::min(asked, windows_in(dataset.held_out(), dataset.sequence()));
}

Batch evaluation_batch(const Dataset& dataset, std::int64_t windows, std::int64_t first,
                       std::int64_t samples) {
  const Part& part = dataset.held_out();
  const std::int64_t all = windows_in(part, dataset.sequence());
  HEDDLE_EXPECT(first >= 0 && 0 < windows && windows <= all);
  std::vector<std::int64_t> starts;
  for (std::int64_t i = first; i < std::min(first + samples, windows); ++i)
    starts.push_back(part.begin + i * all / windows * dataset.sequence());
  Batch batch = dataset.read(starts);
  const auto numbers = static_cast<std::size_t>(samples * dataset.sequence());
  batch.inputs.resize(numbers, 0);
  batch.targets.resize(numbers, ignored_target);
  return batch;
}

Batch made_up_batch(std::int64_t vocabulary, std::int64_t sequence, std::int64_t first, std::int64_t count) {
  const std::uint64_t key = random_key("made-up tokens", 1);
  const auto token = [&](std::uint64_t stream, std::int64_t i) {
    const double u = uniform_at(key, stream, static_cast<std::uint64_t>(i));
    return static_cast<std::int32_t>(u * static_cast<double>(vocabulary));
  };
  Batch batch;
  for (std::int64_t i = first * sequence; i < (first + count) * sequence; ++i) {
    batch.inputs.push_back(token(0, i));
    batch.targets.push_back(token(1, i));
  }
  return batch;
}

}  // namespace heddle::data
