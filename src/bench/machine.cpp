#include "heddle/bench/machine.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <fstream>
#include <set>

#include "compute_rates.hpp"
#include "heddle/base/text_output.hpp"
#include "heddle/build_info.hpp"
#include "heddle/comm/gather.hpp"
#include "heddle/comm/watch_over.hpp"
#include "heddle/lanes/device.hpp"
#include "machine_text.hpp"
#include "message_rates.hpp"

namespace heddle::bench {
namespace {

/// As Linux calls it; what it says first of several.
std::string host_processor() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.starts_with("model name") && line.find(": ") != std::string::npos)
      return line.substr(line.find(": ") + 2);
  return "a processor without a name";
}

std::string processor() {
  const auto device = lanes::device();
  return device ? device->name : host_processor();
}

/// Of GPT-2 124M: a host has a sample, a GPU as many as fill it.
AttentionShape usual_attention(const lanes::Lane& lane) {
  return {.dtype = lane.stream() ? DType::bf16 : DType::f32,
          .samples = lane.stream() ? 32 : 1,
          .sequence = 1024,
          .heads = 12,
          .head_dim = 64};
}

Origin origin(const comm::World& world) {
  const auto all = comm::gather(world.all(), processor(), comm::Receivers::all, "names of processors");
  const std::set<std::string> processors(all.begin(), all.end());
  const std::set<std::string> nodes(world.hosts().begin(), world.hosts().end());
  return {.program = fmt::format("heddle {} ({})", build_info::version, build_info::git_state),
          .when = fmt::format("{:%Y-%m-%d %H:%M} UTC", fmt::gmtime(std::time(nullptr))),
          .processors = {processors.begin(), processors.end()},
          .ranks = world.size(),
          .nodes = static_cast<int>(nodes.size())};
}

}  // namespace

AttentionShape attention_of(const deck::Deck& deck) {
  const auto samples = deck.train.batch / deck.grid.data / deck.pipeline.microbatches;
  return {.dtype = stream_type(deck.train.precision),
          .samples = samples,
          .sequence = deck.train.sequence,
          .heads = deck.model.heads / deck.grid.tensor,
          .head_dim = deck.model.width / deck.model.heads,
          .dropout = deck.model.dropout};
}

void measure_machine(comm::World& world, const MachineSettings& settings) {
  std::optional<TextOutput> place;
  if (world.rank() == 0) place.emplace(settings.file, Replacing{marks::none, settings.overwrite});
  const lanes::Lane lane = lanes::device_lane();
  comm::watch_over(lane, world.all());
  const Origin from = origin(world);
  if (world.rank() == 0)
    fmt::print("measuring for {}: ranks {}, nodes {}, {}\n", settings.file, from.ranks, from.nodes,
               fmt::join(from.processors, "; "));
  MachineReport report;
  add_compute_rates(report, world.all(), lane, settings.attention.value_or(usual_attention(lane)));
  add_message_rates(report, world.all(), world.hosts(), lane);
  if (!place) return;
  fmt::print("{}", table(report.figures));
  place->write(machine_file(from, report.keys));
}

}  // namespace heddle::bench
