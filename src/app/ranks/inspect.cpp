// heddle inspect: what one of our files holds, on one screen.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <regex>

#include "commands.hpp"
#include "heddle/base/mebibytes.hpp"
#include "heddle/deck/read.hpp"
#include "heddle/io/checkpoint.hpp"
#include "heddle/io/run_file.hpp"
#include "heddle/io/stored_run.hpp"
#include "heddle/io/token_file.hpp"

namespace heddle::app {
namespace {

void say(const char* what, const std::string& text) { fmt::print("{:<12}{}\n", what, text); }

void say_model(const std::string& resolved, const std::string& path) {
  const deck::Deck deck = deck::restore(resolved, path);
  const deck::Model& model = deck.model;
  say("model", fmt::format("{} layers, {} heads, width {}, context {}, vocabulary {}", model.layers,
                           model.heads, model.width, model.context, model.vocabulary));
}

/// "layers.3.norm1.weight" -> "layers.*.norm1.weight".
std::string kind_of(const std::string& name) {
  static const std::regex number(R"(\.\d+\.)");
  return std::regex_replace(name, number, ".*.");
}

/// Parameters, those of all layers together.
void list(const io::Checkpoint& file) {
  std::map<std::string, std::pair<int, std::string>> kinds;
  std::int64_t bytes = 0;
  int moments = 0;
  for (const auto& [name, entry] : file.entries()) {
    bytes += entry.shape.count() * size_of(entry.dtype);
    if (!name.starts_with(io::parameter_dataset(""))) {
      ++moments;
      continue;
    }
    auto& [tensors, text] = kinds[kind_of(name.substr(io::parameter_dataset("").size()))];
    ++tensors;
    text = fmt::format("{} [{}]", heddle::name(entry.dtype),
                       fmt::join(entry.shape.begin(), entry.shape.end(), ", "));
  }
  say("tensors",
      fmt::format("{}, {} of them moments, {:.1f} MiB", file.entries().size(), moments, mebibytes(bytes)));
  for (const auto& [name, kind] : kinds) fmt::print("  {:>4} x {:<36} {}\n", kind.first, name, kind.second);
}

/// Each number is read once, and with it the checksum of its piece.
void verify(const io::Checkpoint& file) {
  std::vector<double> numbers;
  std::int64_t read = 0;
  for (const auto& [name, entry] : file.entries())
    for (const maps::Box& piece : io::pieces_of(entry)) {
      numbers.resize(static_cast<std::size_t>(piece.count()));
      file.read(name, piece, numbers);
      read += piece.count();
    }
  say("verified", fmt::format("{} numbers, every checksum is right", read));
}

void inspect_checkpoint(const InspectArguments& asked) {
  const io::Checkpoint file(asked.file);
  const io::CheckpointHeader& header = file.header();
  say("checkpoint", asked.file);
  say("run", header.run.empty() ? "without an id, as older files" : header.run);
  const std::int64_t passed = header.samples - header.learnt;
  say("after", fmt::format("step {}, {} samples{}", header.step, header.samples,
                           passed > 0 ? fmt::format(", {} of them passed over", passed) : ""));
  if (!header.tokens.empty()) say("learnt from", header.tokens);
  say_model(header.deck, asked.file);
  list(file);
  if (asked.verify) verify(file);
}

void say_leg(int number, const io::RunHeader& leg) {
  fmt::print("  leg {}: {} on {} ranks of {}, after step {}{}\n", number, maps::name(leg.grid),
             leg.grid.size(), leg.hosts.empty() ? "" : leg.hosts.front(), leg.steps_before,
             leg.from.empty() ? "" : " from " + leg.from);
}

void say_passed_over(const std::vector<io::PassedOver>& rows) {
  for (const io::PassedOver& row : rows)
    say("passed over",
        fmt::format("samples {} to {}, by step {}: loss {}, gradient norm {}", row.first_sample,
                    row.first_sample + row.samples - 1, row.step, row.loss, row.gradient_norm));
}

void inspect_run(const InspectArguments& asked) {
  const std::vector<io::RunHeader> legs = io::read_legs(asked.file);
  const std::vector<io::StepRow> steps = io::read_steps(asked.file);
  const io::RunHeader& newest = legs.back();
  say("run", asked.file);
  say("id", newest.run.empty() ? "none, as older files" : newest.run);
  say("state", newest.finished ? "finished" : "not at its end");
  say_model(newest.deck_resolved, asked.file);
  say("parameters", std::to_string(newest.parameters));
  if (steps.empty())
    say("steps", "none");
  else
    say("steps", fmt::format("{} to {}, loss {:.4f} -> {:.4f}, {} tokens, {:.1f} s", steps.front().step,
                             steps.back().step, steps.front().loss, steps.back().loss, steps.back().tokens,
                             steps.back().seconds));
  say_passed_over(io::read_passed_over(asked.file));
  for (std::size_t i = 0; i < legs.size(); ++i) say_leg(static_cast<int>(i) + 1, legs[i]);
  if (!asked.verify) return;
  std::int64_t events = 0;
  const io::StoredEvents stored(asked.file);
  for (int rank = 0; rank < stored.ranks(); ++rank)
    events += std::ssize(stored.of(rank, 0, std::numeric_limits<std::int64_t>::max() - 1));
  say("verified", fmt::format("{} steps and {} events of the newest leg can be read", steps.size(), events));
}

void inspect_tokens(const InspectArguments& asked) {
  const io::TokenFile file(asked.file);
  const io::TokenFileHeader& header = file.header();
  say("tokens", asked.file);
  say("contents", file.contents());
  say("text", header.source);
  say("vocabulary", fmt::format("{} ids", header.vocabulary.size));
  if (!asked.verify) return;
  file.verify(0, 1, [] {});
  say("verified", fmt::format("{} tokens, every checksum is right", file.length()));
}

}  // namespace

void inspect(const InspectArguments& asked) {
  switch (io::kind_of(asked.file)) {
    case io::FileKind::checkpoint: return inspect_checkpoint(asked);
    case io::FileKind::run: return inspect_run(asked);
    case io::FileKind::tokens: return inspect_tokens(asked);
  }
}

}  // namespace heddle::app
