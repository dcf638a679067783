// Every layout gives the same losses: all grids of as many ranks as this program runs on, both schedules,
// several microbatch counts, sequence-parallel on and off, even and uneven rows, against the run on one rank,
// which leaves its results in a file. By default each grid is tried in a few of these ways; HEDDLE_SWEEP=full
// tries all.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>

#include "synthetic_run.hpp"
#include "ways.hpp"

namespace heddle::tests {
namespace {

std::string reference_file(const Problem& problem, const std::string& dtype) {
  return fmt::format("invariance_{}_{}x{}.txt", dtype, problem.batch, problem.sequence);
}

/// The one rank's outcome but for its parameters.
Outcome reference(const Problem& problem, const std::string& dtype) {
  Outcome outcome;
  std::ifstream file(reference_file(problem, dtype));
  file >> outcome.gradient_norm >> outcome.evaluation;
  for (double loss; file >> loss;) outcome.losses.push_back(loss);
  return outcome;
}

void write_reference(const Problem& problem, const std::string& dtype) {
  const Outcome outcome = train(small_deck(problem.overrides(dtype)));
  std::ofstream file(reference_file(problem, dtype));
  file << fmt::format("{:.17g}\n{:.17g}\n", outcome.gradient_norm, outcome.evaluation);
  for (double loss : outcome.losses) file << fmt::format("{:.17g}\n", loss);
  EXPECT_LT(outcome.losses.back(), 0.97 * outcome.losses.front())
      << "the loss has to fall for the comparison to mean anything";
}

/// Relative differences: the largest of any step's loss, of the last gradient norm, of the evaluation.
struct Difference {
  double loss = 0, norm = 0, evaluation = 0;

  void widen(const Difference& other) {
    loss = std::max(loss, other.loss);
    norm = std::max(norm, other.norm);
    evaluation = std::max(evaluation, other.evaluation);
  }
  double largest() const { return std::max({loss, norm, evaluation}); }
};

double relative(double value, double wanted) { return std::abs(value - wanted) / std::abs(wanted); }

Difference difference(const Outcome& outcome, const Outcome& wanted) {
  EXPECT_EQ(outcome.losses.size(), wanted.losses.size()) << "has the run on one rank left its results here?";
  Difference worst{.norm = relative(outcome.gradient_norm, wanted.gradient_norm),
                   .evaluation = relative(outcome.evaluation, wanted.evaluation)};
  for (std::size_t i = 0; i < std::min(outcome.losses.size(), wanted.losses.size()); ++i)
    worst.loss = std::max(worst.loss, relative(outcome.losses[i], wanted.losses[i]));
  return worst;
}

double rows(const Problem& problem) { return problem.batch * problem.sequence; }

/// What a loss on one rank changes by where numbers are rounded to bf16, times the root of the rows that it is
/// the mean over: rounding errors of rows are independent, so their mean falls with it. The worst of all problems.
double cost_of_bf16() {
  double worst = 0;
  for (const Problem& problem : problems) {
    const Difference d = difference(reference(problem, "bf16"), reference(problem, "fp32"));
    worst = std::max(worst, std::max(d.loss, d.evaluation) * std::sqrt(rows(problem)));
  }
  return worst;
}

/// In fp32 and fp64, rounding. Under bf16, sums in fp32 that differ by rounding make some weights round to
/// another bf16 number - one in 2^16 a step, as many bits lie between the two - and from there on two runs are
/// rounded independently: each is as far from fp32 as bf16 takes it, so they are at most twice as far from
/// each other. The gradient's norm, small at the end beside the rounding that it is the norm of, is only told.
Difference bounds(const std::string& dtype, const Problem& problem) {
  if (dtype == "fp64") return {1e-12, 1e-12, 1e-12};
  if (dtype == "fp32") return {1e-5, 1e-5, 1e-5};
  const double loss = 2 * cost_of_bf16() / std::sqrt(rows(problem));
  return {loss, std::numeric_limits<double>::infinity(), loss};
}

Difference from_one_rank(const Problem& problem, const std::string& dtype,
                         const std::vector<std::string>& overrides) {
  return difference(train(small_deck(overrides)), reference(problem, dtype));
}

class Invariance : public testing::TestWithParam<const char*> {
 protected:
  std::string dtype() const { return GetParam(); }

  void compare(const std::vector<Way>& all, const char* layouts) const {
    Difference worst, part;  // of what is allowed
    for (const Way& way : all) {
      const Difference bound = bounds(dtype(), way.problem);
      const Difference d = from_one_rank(way.problem, dtype(), way.overrides(dtype()));
      const std::string which = fmt::format("{}", fmt::join(way.overrides(dtype()), " "));
      EXPECT_LE(d.loss, bound.loss) << which;
      EXPECT_LE(d.norm, bound.norm) << which;
      EXPECT_LE(d.evaluation, bound.evaluation) << which;
      worst.widen(d);
      part.widen({d.loss / bound.loss, 0, d.evaluation / bound.evaluation});
    }
    if (world().rank() == 0)
      fmt::print(
          "{}: {} {} on {} ranks differ from one rank by {:.1e} in any loss, {:.1e} in the last gradient "
          "norm, {:.1e} in the evaluation; by {:.1f} % of what is allowed\n",
          dtype(), all.size(), layouts, world().size(), worst.loss, worst.norm, worst.evaluation,
          100 * part.largest());
  }
};

TEST_P(Invariance, EveryLayoutGivesTheSameLossesAndGradientNorm) {
  if (world().size() == 1)
    for (const Problem& problem : problems) write_reference(problem, dtype());
  compare(ways(world().size()), "layouts");
}

TEST_P(Invariance, SoDoUnevenRows) {
  const std::vector<Way> all = uneven_ways(world().size());
  if (all.empty()) GTEST_SKIP() << "no grid of so many ranks divides the rows unevenly";
  compare(all, "layouts with uneven rows");
}

INSTANTIATE_TEST_SUITE_P(Types, Invariance, testing::Values("fp64", "fp32", "bf16"),
                         [](const auto& type) { return std::string(type.param); });

TEST(AxisOrder, ChangesNoLoss) {
  if (world().size() == 1) GTEST_SKIP() << "one rank has no neighbours";
  const Way way = ways(world().size()).back();
  for (const char* order : {R"(["tensor","pipeline","data"])", R"(["pipeline","data","tensor"])"}) {
    std::vector<std::string> overrides = way.overrides("fp64");
    overrides.push_back(std::string("grid.order=") + order);
    EXPECT_LE(from_one_rank(way.problem, "fp64", overrides).largest(), 1e-12) << order;
  }
}

TEST(Repetition, TheSameDeckOnTheSameGridGivesTheSameBits) {
  const Way way = ways(world().size()).back();
  const Outcome once = train(small_deck(way.overrides("fp32")));
  const Outcome again = train(small_deck(way.overrides("fp32")));
  EXPECT_FALSE(once.parameters.empty());
  EXPECT_EQ(once.losses, again.losses);
  EXPECT_TRUE(once == again) << "the losses are equal, the parameters, norm or evaluation are not";
}

TEST(Memory, SeparatePoisonedBuffersGiveTheSameBitsAsTheArena) {
  for (const Way& way : {ways(world().size()).front(), ways(world().size()).back()}) {
    std::vector<std::string> overrides = way.overrides("fp64");
    const Outcome together = train(small_deck(overrides));
    overrides.push_back("train.memory=separate");
    const Outcome apart = train(small_deck(overrides));
    EXPECT_EQ(apart.losses, together.losses);
    EXPECT_TRUE(apart == together) << "the losses are equal, the parameters, norm or evaluation are not";
  }
}

}  // namespace
}  // namespace heddle::tests
