// Every layout gives the same losses: all grids of as many ranks as this program runs on, both schedules, several
// microbatch counts, sequence-parallel on and off, against the run on one rank, which leaves its results in a file.
// By default each grid is tried in a few of these ways; HEDDLE_SWEEP=full tries all, in fp64 and fp32.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>

#include "synthetic_run.hpp"

namespace heddle::tests {
namespace {

struct Way {
  int data, pipeline, tensor, microbatches;
  std::string schedule;
  bool sequence_parallel;

  std::vector<std::string> overrides(const std::string& dtype) const {
    return {fmt::format("grid.data={}", data),
            fmt::format("grid.pipeline={}", pipeline),
            fmt::format("grid.tensor={}", tensor),
            fmt::format("pipeline.microbatches={}", microbatches),
            fmt::format("pipeline.schedule={}", schedule),
            fmt::format("grid.sequence_parallel={}", sequence_parallel),
            fmt::format("train.batch={}", batch()),
            fmt::format("train.dtype={}", dtype)};
  }
  /// Divisible by data * microbatches for every number of microbatches.
  int batch() const { return data % 3 == 0 ? 48 : data == 5 ? 40 : data == 7 ? 56 : 64; }
};

bool full_sweep() {
  const char* sweep = std::getenv("HEDDLE_SWEEP");
  return sweep && std::string(sweep) == "full";
}

/// All ways to lay the model over `ranks`, or of each grid those that the place in the list picks.
std::vector<Way> ways(int ranks) {
  std::vector<Way> chosen;
  int count = 0;
  for (int tensor : {1, 2, 4})
    for (int pipeline = 1; pipeline <= 8; ++pipeline) {
      if (ranks % (tensor * pipeline) != 0) continue;
      for (const char* schedule : {"1f1b", "gpipe"})
        for (int microbatches : {1, 2, 4, 8})
          for (bool sequence_parallel : {false, true}) {
            if (sequence_parallel && tensor == 1) continue;
            if (!full_sweep() && count++ % 5 != 0) continue;
            chosen.push_back(
                {ranks / tensor / pipeline, pipeline, tensor, microbatches, schedule, sequence_parallel});
          }
    }
  return chosen;
}

std::string reference_file(const std::string& dtype, int batch) {
  return fmt::format("invariance_{}_{}.txt", dtype, batch);
}

std::vector<double> reference(const std::string& dtype, int batch) {
  std::ifstream file(reference_file(dtype, batch));
  std::vector<double> results;
  for (double value; file >> value;) results.push_back(value);
  return results;
}

/// The largest relative difference of the losses, and that of the last gradient norm.
struct Difference {
  double loss = 0, norm = 0;
};

Difference difference(const std::vector<double>& results, const std::vector<double>& wanted) {
  EXPECT_EQ(results.size(), wanted.size());
  Difference worst;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const double relative = std::abs(results[i] - wanted[i]) / std::abs(wanted[i]);
    (i + 1 < wanted.size() ? worst.loss : worst.norm) =
        std::max(i + 1 < wanted.size() ? worst.loss : 0.0, relative);
  }
  return worst;
}

void write_references(const std::string& dtype) {
  for (int batch : {64, 48, 40, 56}) {
    const auto results = train(small_deck({"train.dtype=" + dtype, fmt::format("train.batch={}", batch)}));
    std::ofstream file(reference_file(dtype, batch));
    for (double value : results) file << fmt::format("{:.17g}\n", value);
    EXPECT_LT(results[19], 0.97 * results[0]) << "the loss has to fall for the comparison to mean anything";
  }
}

class Invariance : public testing::TestWithParam<const char*> {};

TEST_P(Invariance, EveryLayoutGivesTheSameLossesAndGradientNorm) {
  const std::string dtype = GetParam();
  const double bound = dtype == "fp64" ? 1e-12 : 1e-5;
  if (world().size() == 1) write_references(dtype);
  Difference worst;
  const std::vector<Way> all = ways(world().size());
  for (const Way& way : all) {
    const Difference d = difference(train(small_deck(way.overrides(dtype))), reference(dtype, way.batch()));
    EXPECT_LE(d.loss, bound) << fmt::format("{}", fmt::join(way.overrides(dtype), " "));
    EXPECT_LE(d.norm, bound) << fmt::format("{}", fmt::join(way.overrides(dtype), " "));
    worst.loss = std::max(worst.loss, d.loss);
    worst.norm = std::max(worst.norm, d.norm);
  }
  if (world().rank() == 0)
    fmt::print(
        "{}: {} layouts on {} ranks differ from one rank by {:.1e} in any loss, {:.1e} in the last gradient "
        "norm\n",
        dtype, all.size(), world().size(), worst.loss, worst.norm);
}

INSTANTIATE_TEST_SUITE_P(Types, Invariance, testing::Values("fp64", "fp32"),
                         [](const auto& type) { return std::string(type.param); });

TEST(AxisOrder, ChangesNoLoss) {
  if (world().size() == 1) GTEST_SKIP() << "one rank has no neighbours";
  const Way way = ways(world().size()).back();
  for (const char* order : {R"(["tensor","pipeline","data"])", R"(["pipeline","data","tensor"])"}) {
    std::vector<std::string> overrides = way.overrides("fp64");
    overrides.push_back(std::string("grid.order=") + order);
    const Difference d = difference(train(small_deck(overrides)), reference("fp64", way.batch()));
    EXPECT_LE(d.loss, 1e-12) << order;
    EXPECT_LE(d.norm, 1e-12) << order;
  }
}

TEST(Repetition, TheSameDeckOnTheSameGridGivesTheSameBits) {
  const Way way = ways(world().size()).back();
  EXPECT_EQ(train(small_deck(way.overrides("fp32"))), train(small_deck(way.overrides("fp32"))));
}

TEST(Memory, SeparatePoisonedBuffersGiveTheSameBitsAsTheArena) {
  for (const Way& way : {ways(world().size()).front(), ways(world().size()).back()}) {
    std::vector<std::string> overrides = way.overrides("fp64");
    const std::vector<double> together = train(small_deck(overrides));
    overrides.push_back("train.memory=separate");
    EXPECT_EQ(train(small_deck(overrides)), together);
  }
}

}  // namespace
}  // namespace heddle::tests
