#include "heddle/session/restart.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "heddle/base/checkpoint_slab.hpp"
#include "heddle/comm/first_error.hpp"
#include "heddle/comm/gather.hpp"
#include "heddle/deck/read.hpp"
#include "heddle/io/stored_run.hpp"

namespace heddle::session {
namespace {

namespace fs = std::filesystem;

std::optional<io::RunHeader> header_of(const std::string& run_file, std::vector<std::string>& passed_over) {
  try {
    if (!fs::exists(run_file)) return {};
    io::read_steps(run_file);
    return io::read_run_header(run_file);
  } catch (const Error& damaged) {
    passed_over.emplace_back(damaged.what());
  }
  return {};
}

/// As one process finds it.
Earlier look(const std::string& folder, const std::string& from) {
  Earlier earlier;
  if (from.empty() && !fs::exists(folder)) return earlier;
  const io::RunPlace place = io::place_of_run(from.empty() ? folder : from);
  std::error_code none;
  earlier.in_place = from.empty() || fs::equivalent(fs::path(place.checkpoints).parent_path(), folder, none);
  const std::optional<io::RunHeader> header = header_of(place.run_file, earlier.passed_over);
  const io::StoredCheckpoints found = io::checkpoints_of(header, place);
  for (const io::StoredCheckpoint& one : found.own) earlier.checkpoints.push_back(one.path);
  // A run that went on from another's checkpoint and has none of its own yet.
  if (header && found.own.empty() && !header->from.empty()) earlier.checkpoints.push_back(header->from);
  earlier.passed_over.insert(earlier.passed_over.end(), found.others.begin(), found.others.end());
  if (header) earlier.run_file = Earlier::RunFile::whole;
  earlier.finished = header && header->finished;
  earlier.run = header ? header->run : found.own.empty() ? "" : found.own.front().header.run;
  if (!found.own.empty()) earlier.products = found.own.front().header.products;
  if (header) earlier.deck = header->deck_resolved;
  if (!from.empty() && earlier.checkpoints.empty())
    throw Error(ExitCode::usage, from + ": no checkpoint to go on from",
                fmt::format("{}", fmt::join(earlier.passed_over, "; ")),
                "--restart alone takes the newest in output.directory, or begins where there is none");
  return earlier;
}

/// Rank 0's texts, on every rank.
std::vector<std::string> told(const comm::Communicator& ranks, const std::vector<std::string>& texts) {
  std::string bytes;
  if (ranks.rank() == 0)
    for (const std::string& text : texts) bytes += text + '\0';
  const std::string all = comm::gather(ranks, bytes, comm::Receivers::all, "what the run left").front();
  std::vector<std::string> parts;
  for (std::size_t begin = 0, end = 0; (end = all.find('\0', begin)) != std::string::npos; begin = end + 1)
    parts.push_back(all.substr(begin, end - begin));
  return parts;
}

/// The deck's differences, unless they make it another run.
std::vector<deck::Difference> allowed_changes(const std::string& path, const io::CheckpointHeader& header,
                                              const deck::Deck& deck, const std::string& tokens) {
  const auto changed = deck::differences(deck::restore(header.deck, path), deck);
  const auto refuse = [&](const std::string& what, const std::string& before, const std::string& now) {
    throw Error(ExitCode::usage, fmt::format("{}: the run has {} {}, the deck {}", path, what, before, now),
                "a run that goes on learns the same model from the same samples",
                fmt::format("take the run's, or begin another run without --restart"));
  };
  for (const deck::Difference& one : changed)
    if (!deck::may_change(one.key)) refuse(one.key + " =", one.before, one.after);
  if (!header.tokens.empty() && header.tokens != tokens) refuse("learnt from", header.tokens, tokens);
  return changed;
}

/// Slab by slab, so that a large parameter is never in memory twice.
void load(const io::Checkpoint& file, const train::TrainedParameter& parameter, const lanes::Lane& lane) {
  const Shape& held = parameter.tensor.shape;
  if (parameter.tensor.count() == 0) return;
  const DType dtype = parameter.tensor.dtype == DType::f64 ? DType::f64 : DType::f32;
  const std::int64_t row = parameter.tensor.count() / held[0];
  const std::int64_t most = std::max<std::int64_t>(1, checkpoint_slab / (row * size_of(dtype)));
  std::vector<std::byte> buffers[3];
  for (std::int64_t first = 0; first < held[0]; first += most) {
    Shape begin, extent = held;
    for (const maps::Block& block : parameter.box) begin.push_back(block.begin);
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

Earlier find_earlier(const comm::Communicator& ranks, const std::string& folder, const std::string& from) {
  Earlier earlier;
  const auto mine = [&] {
    if (ranks.rank() == 0) earlier = look(folder, from);
  };
  if (const auto error = comm::first_error(ranks, mine, "rank 0 to look for checkpoints")) throw *error;
  const std::vector<std::string> rest =
      told(ranks, {earlier.in_place ? "in place" : "", earlier.run, earlier.products, earlier.deck,
                   earlier.finished ? "finished" : ""});
  earlier.in_place = !rest[0].empty();
  earlier.run = rest[1];
  earlier.products = rest[2];
  earlier.deck = rest[3];
  earlier.finished = !rest[4].empty();
  earlier.checkpoints = told(ranks, earlier.checkpoints);
  earlier.passed_over = told(ranks, earlier.passed_over);
  return earlier;
}

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
      if (!damage) return restored;
    }
    earlier.passed_over.emplace_back(damage->what());
  }
  if (earlier.checkpoints.empty()) {
    if (!earlier.deck.empty()) allowed_changes("run.h5", {.deck = earlier.deck}, deck, tokens);
    return {};
  }
  throw Error(ExitCode::failure, "no checkpoint can be read",
              fmt::format("{}", fmt::join(earlier.passed_over, "; ")));
}

}  // namespace heddle::session
