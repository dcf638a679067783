// A run goes on from a checkpoint that any grid wrote, on any grid: its losses are those of a run that was not disturbed.
#include "heddle/session/restart.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "heddle/deck/print.hpp"
#include "heddle/session/checkpoints.hpp"
#include "some_pairs.hpp"
#include "support/expect_error.hpp"
#include "support/shared_folder.hpp"
#include "synthetic_run.hpp"

namespace heddle::tests {
namespace {

using Overrides = std::vector<std::string>;
constexpr std::int64_t before = 5;  // steps

Overrides with(Overrides all, const Overrides& more) {
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

/// Ten ways to lay the model over four ranks, and some over one and two.
std::vector<Overrides> grids() {
  const std::map<int, std::vector<Overrides>> of_ranks = {
      {1, {{}, {"pipeline.schedule=interleaved", "pipeline.chunks=2"}}},
      {2,
       {{"grid.data=2"},
        {"grid.tensor=2", "grid.sequence_parallel=true"},
        {"grid.pipeline=2", "pipeline.tied=transmit"},
        {"grid.pipeline=2", "pipeline.schedule=zb-v", "pipeline.chunks=2"}}},
      {4,
       {{"grid.data=4"},
        {"grid.pipeline=4", "pipeline.cuts=[1,4,7]"},
        {"grid.tensor=4", "grid.sequence_parallel=true"},
        {"grid.data=2", "grid.pipeline=2", "pipeline.tied=transmit"},
        {"grid.data=2", "grid.tensor=2", "grid.order=[\"tensor\",\"data\",\"pipeline\"]"},
        {"grid.pipeline=2", "grid.tensor=2", "optimizer.validate=after"},
        {"grid.pipeline=4", "pipeline.tied=transmit", "pipeline.schedule=gpipe"},
        {"grid.pipeline=2", "grid.data=2", "pipeline.schedule=zb-v", "pipeline.chunks=2"},
        {"grid.pipeline=2", "grid.tensor=2", "pipeline.schedule=dualpipev", "pipeline.chunks=2"},
        {"grid.pipeline=2", "grid.data=2", "pipeline.schedule=interleaved", "pipeline.chunks=2",
         "grid.order=[\"pipeline\",\"tensor\",\"data\"]"}}}};
  const auto found = of_ranks.find(world().size());
  return found == of_ranks.end() ? std::vector<Overrides>{} : found->second;
}

Overrides of_precision(const std::string& precision) {
  return {"train.batch=16", "pipeline.microbatches=4", "train.precision=" + precision};
}

/// The losses of some steps, and last that of an evaluation.
std::vector<double> train(Training& run, std::int64_t first, std::int64_t steps) {
  std::vector<double> losses;
  for (std::int64_t step = first; step < first + steps; ++step) {
    run.trainer.step(step, run.batch);
    losses.push_back(run.trainer.settle().loss);
  }
  losses.push_back(run.trainer.evaluate(run.batch));
  return losses;
}

/// Trains so many steps and writes a checkpoint, whose path it returns.
std::string written(Training& run, std::int64_t steps, const std::string& folder) {
  train(run, 0, steps);
  return session::Checkpoints(world().all(), run.trainer, folder, {}, steps,
                              {.deck = deck::resolved(run.deck)})
      .write(steps, {steps * run.deck.train.batch, steps * run.deck.train.batch})
      .path;
}

std::optional<session::Restored> restored(Training& run, const std::vector<std::string>& checkpoints,
                                          const std::string& tokens = "") {
  session::Earlier earlier;
  earlier.checkpoints = checkpoints;
  return session::restore(world().all(), earlier, run.deck, tokens, run.trainer);
}

void every_pair_goes_on(const std::string& precision, double tolerance) {
  if (grids().empty()) GTEST_SKIP() << "grids are of 1, 2 and 4 ranks";
  const SharedFolder folder;
  Training undisturbed(small_deck(with(grids().front(), of_precision(precision))));
  train(undisturbed, 0, before);
  const std::vector<double> wanted = train(undisturbed, before, before);
  std::map<Overrides, std::string> checkpoints;
  for (const Overrides& grid : grids()) {
    Training writer(small_deck(with(grid, of_precision(precision))));
    checkpoints[grid] = written(writer, before, folder / std::to_string(checkpoints.size()));
  }
  for (const auto& [first, second] : some_pairs(grids(), grids())) {
    Training reader(small_deck(with(second, of_precision(precision))));
    ASSERT_TRUE(restored(reader, {checkpoints.at(first)}));
    const std::vector<double> losses = train(reader, before, before);
    for (std::size_t i = 0; i < losses.size(); ++i)
      EXPECT_NEAR(losses[i] / wanted[i], 1, tolerance)
          << fmt::format("{} to {}", fmt::join(first, " "), fmt::join(second, " "));
  }
}

TEST(Restart, OnEveryGridFromEveryGridInFp64) { every_pair_goes_on("fp64", 1e-12); }
TEST(Restart, OnEveryGridFromEveryGridInFp32) { every_pair_goes_on("fp32", 1e-5); }

/// With dropout, accumulation and clipping, which are in the deck.
TEST(Restart, OnTheSameGridHasTheSameBits) {
  const std::int64_t after = full_sweep() ? 50 : 6;
  const SharedFolder folder;
  const std::vector<Overrides> numbers = {
      {"train.precision=fp64"},
      {"train.precision=fp32", "optimizer.validate=after"},
      {"train.precision=bf16", "optimizer.validate=after"},
      {"train.precision=bf16", "optimizer.masters=remainder", "optimizer.moments=bf16"}};
  for (const auto& [grid, kind] : some_pairs(grids(), numbers)) {
    const deck::Deck deck = small_deck(with(with(grid, kind), {"train.batch=16", "pipeline.microbatches=4"}));
    Training undisturbed(deck), again(deck);
    ASSERT_TRUE(restored(again, {written(undisturbed, before, folder / "")}));
    EXPECT_EQ(again.trainer.evaluate(again.batch), undisturbed.trainer.evaluate(undisturbed.batch));
    EXPECT_EQ(train(again, before, after), train(undisturbed, before, after));
    EXPECT_EQ(bits_of(again.trainer.parameters()), bits_of(undisturbed.trainer.parameters()));
  }
}

TEST(Restart, PassesOverWhatIsDamaged) {
  if (grids().empty()) GTEST_SKIP() << "grids are of 1, 2 and 4 ranks";
  const SharedFolder folder;
  const deck::Deck deck = small_deck(grids().front());
  Training writer(deck), reader(deck);
  const std::string old = written(writer, 1, folder / ""), damaged = old + ".damaged";
  if (world().rank() == 0) {
    std::filesystem::copy_file(old, damaged);
    std::fstream file(damaged, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(std::filesystem::file_size(damaged) / 2));
    const int byte = file.get();
    file.seekp(-1, std::ios::cur).put(static_cast<char>(byte ^ 1));
  }
  comm::barrier(world().all(), "the damaged file");
  session::Earlier earlier;
  earlier.checkpoints = {damaged, old};
  const auto found = session::restore(world().all(), earlier, deck, "", reader.trainer);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->path, old);
  ASSERT_EQ(earlier.passed_over.size(), 1u);
  EXPECT_NE(earlier.passed_over[0].find(damaged + ": "), std::string::npos);
  expect_error(ExitCode::usage, {"no checkpoint can be read", damaged}, [&] { restored(reader, {damaged}); });
}

TEST(Restart, ChangesOfTheDeckAreToldOrRefused) {
  if (grids().empty()) GTEST_SKIP() << "grids are of 1, 2 and 4 ranks";
  const SharedFolder folder;
  Training writer(small_deck(grids().front()));
  const std::string path = written(writer, 1, folder / "");
  Training faster(small_deck(with(grids().front(), {"optimizer.rate=2e-3", "train.steps=30"})));
  const auto found = restored(faster, {path});
  ASSERT_TRUE(found);
  ASSERT_EQ(found->changed.size(), 2u);
  EXPECT_EQ(found->changed[0].key + found->changed[0].before + found->changed[0].after, "train.steps2030");
  EXPECT_EQ(found->changed[1].key, "optimizer.rate");
  for (const std::string change : {"data.seed=7", "model.init_std=0.5", "train.seed=3"}) {
    Training other(small_deck(with(grids().front(), {change})));
    expect_error(ExitCode::usage, {path, change.substr(0, change.find('=')) + " = "},
                 [&] { restored(other, {path}); });
  }
}

}  // namespace
}  // namespace heddle::tests
