#include "heddle/session/checkpoints.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "heddle/io/checkpoint.hpp"
#include "heddle/lanes/memory.hpp"

namespace heddle::session {
namespace {

io::Shard shard(const train::Parameter& parameter, const std::string& dataset, const Tensor& local) {
  io::Shard shard{dataset, parameter.global, {}, local, parameter.owner};
  for (const maps::Block& block : parameter.box) shard.begin.push_back(block.begin);
  return shard;
}

/// Files hold fp32 and fp64.
lanes::OnHost widened(lanes::OnHost held) {
  if (held.tensor.dtype != DType::bf16) return held;
  const lanes::Memory memory(held.tensor.count() * size_of(DType::f32));
  const Tensor wide{memory.data(), DType::f32, held.tensor.shape};
  std::copy_n(held.tensor.as<BFloat16>(), wide.count(), wide.as<float>());
  return {wide, lanes::owner_of(wide.data)};
}

}  // namespace

Checkpoints::Checkpoints(std::string folder, std::int64_t every, std::int64_t steps, std::string deck)
    : folder_(std::move(folder)), every_(every), steps_(steps), deck_(std::move(deck)) {}

bool Checkpoints::due(std::int64_t steps_done) const { return session::due(steps_done, every_, steps_); }

std::string Checkpoints::path(std::int64_t steps_done) const {
  return (std::filesystem::path(folder_) / fmt::format("step-{:06}.h5", steps_done)).string();
}

std::string Checkpoints::write(const comm::Communicator& ranks, const Trainer& trainer,
                               std::int64_t steps_done) const {
  std::vector<io::Shard> shards;
  std::vector<lanes::OnHost> held;  // what the shards show
  const auto add = [&](const train::Parameter& p, const std::string& name, const Tensor& tensor) {
    held.push_back(widened(trainer.lane().on_host(tensor)));
    shards.push_back(shard(p, name, held.back().tensor));
  };
  for (const train::TrainedParameter& p : trainer.parameters()) {
    add(p, io::parameter_dataset(p.name), p.tensor);
    if (!p.stepped()) continue;  // whoever steps it writes its moments
    add(p, io::first_moment_dataset(p.name), p.first_moment);
    add(p, io::second_moment_dataset(p.name), p.second_moment);
  }
  const std::int64_t samples = steps_done * trainer.plan().options.train.batch;
  io::write_checkpoint(ranks, path(steps_done), {steps_done, samples, deck_, trainer.products().text},
                       shards);
  return path(steps_done);
}

}  // namespace heddle::session
