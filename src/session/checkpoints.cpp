#include "heddle/session/checkpoints.hpp"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

#include "heddle/io/stored_run.hpp"
#include "heddle/plan/host_memory.hpp"
#include "heddle/session/kept_checkpoints.hpp"

namespace heddle::session {
namespace {

/// Adds what passes while it lives.
class Stopwatch {
 public:
  explicit Stopwatch(double& seconds) : seconds_(seconds) {}
  ~Stopwatch() { seconds_ += std::chrono::duration<double>(Clock::now() - begin_).count(); }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  using Clock = std::chrono::steady_clock;
  double& seconds_;
  Clock::time_point begin_ = Clock::now();
};

}  // namespace

Checkpoints::Checkpoints(std::string folder, deck::Output output, std::int64_t steps,
                         io::CheckpointHeader of_run, Judge judge)
    : folder_(std::move(folder)),
      output_(std::move(output)),
      steps_(steps),
      of_run_(std::move(of_run)),
      judge_(std::move(judge)) {}

bool Checkpoints::due(std::int64_t steps_done) const {
  return session::due(steps_done, output_.checkpoint_every, steps_);
}

std::string Checkpoints::path(std::int64_t steps_done) const {
  return (std::filesystem::path(folder_) / io::checkpoint_name(steps_done)).string();
}

io::CheckpointHeader Checkpoints::header(const Trainer& trainer, std::int64_t steps_done,
                                         const SampleQueue::Count& samples,
                                         std::optional<double> validation_loss) const {
  io::CheckpointHeader header = of_run_;
  header.step = steps_done;
  header.samples = samples.consumed;
  header.learnt = samples.learnt;
  header.products = trainer.products().text;
  header.validation_loss = validation_loss;
  header.loss_mean = trainer.losses().mean();
  header.loss_steps = trainer.losses().steps();
  return header;
}

void Checkpoints::start(const comm::Communicator& ranks, const io::CheckpointHeader& header) {
  if (judge_) judge_(shards_.shards, header.step);
  writer_ = std::make_unique<io::CheckpointWriter>(ranks, path(header.step), header, shards_.shards);
  newest_.path = path(header.step);
  newest_.steps_done = header.step;
  newest_.bytes = writer_->bytes();
}

Written Checkpoints::write(const comm::Communicator& ranks, const Trainer& trainer, std::int64_t steps_done,
                           const SampleQueue::Count& samples, std::optional<double> validation_loss) {
  newest_ = {};
  shards_ = {};
  {
    const Stopwatch waits(newest_.waited);
    shards_ = state_shards(trainer);
    start(ranks, header(trainer, steps_done, samples, validation_loss));
    writer_->write();
  }
  return finish();
}

void Checkpoints::begin(const comm::Communicator& ranks, const Trainer& trainer, std::int64_t steps_done,
                        const SampleQueue::Count& samples, std::optional<double> validation_loss) {
  newest_ = {};
  shards_ = {};
  const Stopwatch waits(newest_.waited);
  const auto bytes = static_cast<std::size_t>(plan::checkpoint_copy(trainer.plan(), ranks.rank()));
  if (!copy_) copy_ = std::make_unique_for_overwrite<std::byte[]>(bytes);
  shards_ = copied_state_shards(trainer, {copy_.get(), bytes});
  start(ranks, header(trainer, steps_done, samples, validation_loss));
  writer_->write_behind();
}

std::optional<std::int64_t> Checkpoints::under_way() const {
  return writer_ ? std::optional(newest_.steps_done) : std::nullopt;
}

bool Checkpoints::writes() const { return writer_ && !writer_->done(); }

Written Checkpoints::finish() {
  {
    const Stopwatch waits(newest_.waited);
    const auto writer = std::exchange(writer_, nullptr);
    writer->finish();
    newest_.seconds = writer->seconds();
    shards_ = {};
  }
  return newest_;
}

std::vector<std::string> Checkpoints::tidy() const {
  if (output_.keep == 0) return {};
  io::RunHeader mine;
  mine.run = of_run_.run;
  io::RunPlace place;
  place.checkpoints = folder_;
  std::vector<std::string> refusals;
  for (const std::string& path : superfluous(io::checkpoints_of(mine, place).own, output_))
    if (std::error_code refused; !std::filesystem::remove(path, refused) && refused)
      refusals.push_back(fmt::format("{} stays ({})", path, refused.message()));
  return refusals;
}

}  // namespace heddle::session
