#include "heddle/session/restart.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "heddle/base/checkpoint_chunk.hpp"
#include "heddle/comm/first_error.hpp"
#include "heddle/deck/read.hpp"
#include "heddle/train/whole.hpp"

namespace heddle::session {
namespace {

/// The deck's differences, unless they make it another run.
std::vector<deck::Difference> allowed_changes(const std::string& path, const io::CheckpointHeader& header,
                                              const deck::Deck& deck, const std::string& tokens) {
  const auto changed = deck::differences(deck::restore(header.deck, path), deck);
  const auto refuse = [&](const std::string& what, const std::string& before, const std::string& now) {
    throw Error(ExitCode::usage, fmt::format("{}: the run has {} {}, the deck {}", path, what, before, now),
                "a run that goes on learns the same model from the same samples",
                "take the run's, or begin another run without --restart");
  };
  for (const deck::Difference& one : changed)
    if (!deck::may_change(one.key)) refuse(one.key + " =", one.before, one.after);
  if (!header.tokens.empty() && header.tokens != tokens) refuse("learnt from", header.tokens, tokens);
  return changed;
}

/// Some rows after the other, so that no large parameter is in memory twice.
void load(const io::Checkpoint& file, const train::TrainedParameter& parameter, const lanes::Lane& lane) {
  const Shape& held = parameter.tensor.shape;
  if (parameter.tensor.count() == 0) return;
  const DType dtype = parameter.tensor.dtype == DType::f64 ? DType::f64 : DType::f32;
  const std::int64_t row = parameter.tensor.count() / held[0];
  const std::int64_t most = std::max<std::int64_t>(1, checkpoint_chunk / (row * size_of(dtype)));
  std::vector<std::byte> buffers[3];
  for (std::int64_t first = 0; first < held[0]; first += most) {
    Shape begin = parameter.box.origin(), extent = held;
    begin[0] += first;
    extent[0] = std::min(most, held[0] - first);
    const auto read = [&](std::vector<std::byte>& buffer, const std::string& dataset) {
      buffer.resize(static_cast<std::size_t>(extent.count() * size_of(dtype)));
      const Tensor rows{buffer.data(), dtype, extent};
      file.read(dataset, parameter.global, begin, rows);
      return rows;
    };
    train::WholeRows rows{first,
                          read(buffers[0], io::parameter_dataset(parameter.name)),
                          {nullptr, dtype, {}},
                          {nullptr, dtype, {}}};
    if (parameter.stepped()) {
      rows.first_moment = read(buffers[1], io::first_moment_dataset(parameter.name));
      rows.second_moment = read(buffers[2], io::second_moment_dataset(parameter.name));
    }
    train::take(lane, parameter, rows);
  }
}

}  // namespace

std::optional<Restored> restore(const comm::Communicator& ranks, Earlier& earlier, const deck::Deck& deck,
                                const std::string& tokens, Trainer& trainer) {
  for (const std::string& path : earlier.checkpoints) {
    std::optional<io::Checkpoint> file;
    auto damage = comm::first_error(
        ranks, [&] { file.emplace(path); }, "all ranks to open " + path);
    if (!damage) {
      Restored restored{path, file->header(), allowed_changes(path, file->header(), deck, tokens)};
      damage = comm::first_error(
          ranks,
          [&] {
            for (const train::TrainedParameter& one : trainer.parameters()) load(*file, one, trainer.lane());
          },
          "all ranks to read " + path);
      if (!damage) {
        trainer.go_on(restored.header.loss_mean, restored.header.loss_steps);
        return restored;
      }
    }
    earlier.passed_over.emplace_back(damage->what());
  }
  if (earlier.begins()) {
    if (!earlier.deck.empty()) allowed_changes(deck.output.directory, {.deck = earlier.deck}, deck, tokens);
    return {};
  }
  throw Error(ExitCode::usage, "no checkpoint can be read",
              fmt::format("{}", fmt::join(earlier.passed_over, "; ")));
}

void Restart::say(Progress& progress, std::int64_t steps) const {
  if (!earlier) return;
  for (const std::string& other : earlier->passed_over) progress.warn("heddle: passed over: " + other);
  if (!restored) return progress.say("no checkpoint is there to go on from: the run begins");
  std::string changed;
  for (const auto& [key, before, after] : restored->changed)
    changed += fmt::format("{} {} {} -> {}", changed.empty() ? "; changed:" : ",", key, before, after);
  progress.say(
      fmt::format("goes on after step {} of {}, from {}{}", steps_before(), steps, restored->path, changed));
  if (is_over(steps)) progress.say("nothing is left to be trained; train.steps = N trains on");
}

}  // namespace heddle::session
