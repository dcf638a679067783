#include "heddle/session/checkpoints.hpp"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

#include "heddle/io/stored_run.hpp"
#include "heddle/session/kept_checkpoints.hpp"
#include "heddle/session/state_shards.hpp"

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

Checkpoints::Checkpoints(const comm::Communicator& ranks, Trainer& trainer, std::string folder,
                         deck::Output output, std::int64_t steps, io::CheckpointHeader of_run)
    : ranks_(ranks),
      trainer_(trainer),
      folder_(std::move(folder)),
      output_(std::move(output)),
      steps_(steps),
      of_run_(std::move(of_run)) {}

/// A device's state is never written from where it lies.
void Checkpoints::provide_copy() {
  if (trainer_.lane().stream() || trainer_.plan().options.copies_state) copy();
}

StateCopy& Checkpoints::copy() {
  if (!copy_) copy_ = std::make_unique<StateCopy>(ranks_, trainer_);
  return *copy_;
}

bool Checkpoints::due(std::int64_t steps_done) const {
  return session::due(steps_done, output_.checkpoint_every, steps_);
}

std::string Checkpoints::path(std::int64_t steps_done) const {
  return (std::filesystem::path(folder_) / io::checkpoint_name(steps_done)).string();
}

io::CheckpointHeader Checkpoints::header(std::int64_t steps_done, const SampleQueue::Count& samples,
                                         std::optional<double> validation_loss) const {
  io::CheckpointHeader header = of_run_;
  header.step = steps_done;
  header.samples = samples.consumed;
  header.learnt = samples.learnt;
  header.products = trainer_.products().text;
  header.validation_loss = validation_loss;
  header.loss_mean = trainer_.losses().mean();
  header.loss_steps = trainer_.losses().steps();
  return header;
}

/// In the host's memory.
std::vector<train::TrainedParameter> Checkpoints::state_now() {
  if (!trainer_.lane().stream()) return std::as_const(trainer_).parameters();
  trainer_.lane().wait(copy().make(), "the copy of the state");
  return copy().parameters();
}

void Checkpoints::start(const io::CheckpointHeader& header,
                        const std::vector<train::TrainedParameter>& state) {
  writer_ = std::make_unique<io::CheckpointWriter>(ranks_, path(header.step), header, shards_of(state));
  newest_.path = path(header.step);
  newest_.steps_done = header.step;
  newest_.bytes = writer_->bytes();
}

Written Checkpoints::write(std::int64_t steps_done, const SampleQueue::Count& samples,
                           std::optional<double> validation_loss) {
  newest_ = {};
  {
    const Stopwatch waits(newest_.waited);
    start(header(steps_done, samples, validation_loss), state_now());
    writer_->write();
  }
  return finish();
}

void Checkpoints::begin(std::int64_t steps_done, const SampleQueue::Count& samples,
                        std::optional<double> validation_loss) {
  newest_ = {};
  const Stopwatch waits(newest_.waited);
  const lanes::Mark copied = copy().make();
  trainer_.keep_state_until(copied);
  start(header(steps_done, samples, validation_loss), copy().parameters());
  writer_->write_behind(copied);
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
