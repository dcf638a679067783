// A run goes on on another grid, and on fewer ranks, in one process's life: its losses are those of a run
// that never moved.
#include "heddle/session/move_state.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <optional>

#include "heddle/comm/subset.hpp"
#include "some_pairs.hpp"
#include "support/expect_error.hpp"
#include "synthetic_run.hpp"

namespace heddle::tests {
namespace {

constexpr std::int64_t before = 5, after = 5;  // steps

struct Layout {
  int data = 1, pipeline = 1, tensor = 1;
  const char* tied = "replicate";
  const char* validate = "before";

  int ranks() const { return data * pipeline * tensor; }
  std::vector<std::string> overrides() const {
    return {fmt::format("grid.data={}", data),
            fmt::format("grid.pipeline={}", pipeline),
            fmt::format("grid.tensor={}", tensor),
            fmt::format("pipeline.tied={}", tied),
            fmt::format("optimizer.validate={}", validate),
            "pipeline.microbatches=2",
            "train.batch=24"};
  }
};

/// A trainer on the first ranks of the world, and on no other.
struct Part {
  explicit Part(const Layout& layout, const std::vector<std::string>& more = {})
      : deck(small_deck(with(layout.overrides(), more))),
        plan(plan::make(deck)),
        ranks(comm::subset(world().all(), world().rank() < layout.ranks() ? comm::Membership::member
                                                                          : comm::Membership::outsider)) {
    if (world().rank() < layout.ranks())
      trainer.emplace(session::options_of(deck), plan, ranks, clock, lane());
  }

  static std::vector<std::string> with(std::vector<std::string> all, const std::vector<std::string>& more) {
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  session::Side<session::Trainer> side() { return {plan, trainer ? &*trainer : nullptr}; }

  /// The losses of some steps, and last that of an evaluation.
  std::vector<double> train(std::int64_t first, std::int64_t steps) {
    std::vector<double> losses;
    if (!trainer) return losses;
    const data::Batch batch = made_up_batch(deck, trainer->first_sample(), trainer->sample_count());
    for (std::int64_t step = first; step < first + steps; ++step) {
      trainer->step(step, batch);
      losses.push_back(trainer->settle().loss);
    }
    losses.push_back(trainer->evaluate(batch));
    return losses;
  }

  deck::Deck deck;
  plan::Plan plan;
  comm::Communicator ranks;
  exec::Clock clock;
  std::optional<session::Trainer> trainer;
};

std::vector<Layout> layouts() {
  std::vector<Layout> all;
  for (const Layout& one : {Layout{1, 1, 1},
                            {2, 1, 1},
                            {1, 2, 1, "transmit"},
                            {1, 1, 2},
                            {3, 1, 1},
                            {2, 2, 1},
                            {1, 2, 2},
                            {1, 4, 1, "transmit", "after"},
                            {1, 1, 4, "replicate", "after"},
                            {2, 2, 2, "transmit"},
                            {1, 8, 1},
                            {2, 1, 4}})
    if (one.ranks() <= world().size()) all.push_back(one);
  return all;
}

TEST(MoveState, TheLossesGoOnAsIfTheGridHadNotChanged) {
  Part alone(Layout{});
  alone.train(0, before);
  const std::vector<double> wanted = alone.train(before, after);
  for (const auto& [first, second] : some_pairs(layouts(), layouts())) {
    if (std::max(first.ranks(), second.ranks()) < world().size()) continue;  // fewer ranks have tried it
    Part from(first);
    from.train(0, before);
    Part to(second);
    session::move_state(world().all(), from.side(), to.side());
    from.trainer.reset();
    const std::vector<double> losses = to.train(before, after);
    if (losses.empty() || wanted.empty()) continue;
    for (std::size_t i = 0; i < losses.size(); ++i)
      EXPECT_NEAR(losses[i] / wanted[i], 1, 1e-12)
          << maps::name(from.plan.grid()) << " to " << maps::name(to.plan.grid()) << ", loss " << i;
  }
}

/// What a run of five steps on one grid and five on another comes to.
std::vector<double> moved(const Layout& first, const Layout& second, const std::vector<std::string>& more) {
  Part from(first, more);
  from.train(0, before);
  Part to(second, more);
  session::move_state(world().all(), from.side(), to.side());
  from.trainer.reset();
  return to.train(before, after);
}

TEST(MoveState, RemaindersGoWithTheirWeightsAndTheirSigns) {
  const Layout alone{};
  const auto expect_alike = [](const Layout& first, const Layout& second, const char* moments) {
    const auto with = [&](const char* masters) {
      return moved(first, second, {"train.precision=bf16", moments, masters});
    };
    EXPECT_EQ(with("optimizer.masters=remainder"), with("optimizer.masters=wide"))
        << first.ranks() << " to " << second.ranks() << " " << moments;
  };
  for (const Layout& layout : layouts()) {
    if (layout.ranks() < world().size()) continue;
    expect_alike(layout, alone, "optimizer.moments=wide");
    expect_alike(alone, layout, "optimizer.moments=bf16");
  }
}

TEST(MoveState, AnotherModelIsRefused) {
  Part from(Layout{});
  Part to(Layout{});
  deck::Deck wider = small_deck({"model.width=64"});
  const plan::Plan other = plan::make(wider);
  expect_error(ExitCode::usage, {"one model", "shapes"}, [&] {
    session::move_state(world().all(), from.side(), {other, nullptr});
  });
}

}  // namespace
}  // namespace heddle::tests
