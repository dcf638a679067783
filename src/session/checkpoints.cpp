#include "heddle/session/checkpoints.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "heddle/io/stored_run.hpp"
#include "heddle/session/kept_checkpoints.hpp"

namespace heddle::session {
namespace {

io::Shard shard(const train::Parameter& parameter, const std::string& dataset, const Tensor& local) {
  io::Shard shard{dataset, parameter.global, {}, local, parameter.owner};
  for (const maps::Block& block : parameter.box) shard.begin.push_back(block.begin);
  return shard;
}

}  // namespace

Checkpoints::Checkpoints(std::string folder, deck::Output output, std::int64_t steps,
                         io::CheckpointHeader of_run)
    : folder_(std::move(folder)), output_(std::move(output)), steps_(steps), of_run_(std::move(of_run)) {}

bool Checkpoints::due(std::int64_t steps_done) const {
  return session::due(steps_done, output_.checkpoint_every, steps_);
}

std::string Checkpoints::path(std::int64_t steps_done) const {
  return (std::filesystem::path(folder_) / io::checkpoint_name(steps_done)).string();
}

std::string Checkpoints::write(const comm::Communicator& ranks, const Trainer& trainer,
                               std::int64_t steps_done, const SampleQueue::Count& samples,
                               std::optional<double> validation_loss) const {
  std::vector<io::Shard> shards;
  std::vector<lanes::OnHost> held;  // what the shards show
  const auto add = [&](const train::Parameter& p, const std::string& name, lanes::OnHost numbers) {
    held.push_back(std::move(numbers));
    shards.push_back(shard(p, name, held.back().tensor));
  };
  for (const train::TrainedParameter& p : trainer.parameters()) {
    add(p, io::parameter_dataset(p.name), train::whole(trainer.lane(), p));
    if (!p.stepped()) continue;  // whoever steps it writes its moments
    add(p, io::first_moment_dataset(p.name), train::whole_first_moment(trainer.lane(), p));
    add(p, io::second_moment_dataset(p.name), train::whole_second_moment(trainer.lane(), p));
  }
  io::CheckpointHeader header = of_run_;
  header.step = steps_done;
  header.samples = samples.consumed;
  header.learnt = samples.learnt;
  header.products = trainer.products().text;
  header.validation_loss = validation_loss;
  header.loss_mean = trainer.losses().mean();
  header.loss_steps = trainer.losses().steps();
  io::write_checkpoint(ranks, path(steps_done), header, shards);
  return path(steps_done);
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
