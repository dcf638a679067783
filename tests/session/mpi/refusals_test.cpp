// Steps that do not count: where their numbers went wrong is found, and nothing of them stays.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <random>

#include "heddle/comm/gather.hpp"
#include "heddle/session/checkpoints.hpp"
#include "heddle/session/fault.hpp"
#include "heddle/session/origin.hpp"
#include "some_pairs.hpp"
#include "support/expect_error.hpp"
#include "support/shared_folder.hpp"
#include "synthetic_run.hpp"
#include "tensor_layouts.hpp"
#include "ways.hpp"

namespace heddle::tests {
namespace {

using Overrides = std::vector<std::string>;

deck::Deck deck_of(const Way& way, const std::string& precision, const Overrides& more = {}) {
  return small_deck(with(way.overrides(precision), more));
}

std::vector<Way> few_ways() {
  const std::vector<Way> all = ways(world().size());
  return {all.front(), all[all.size() / 3], all[all.size() * 2 / 3], all.back()};
}

TEST(Origin, OfASoundStepThereIsNone) {
  const std::vector<Overrides> kinds = {
      {"fp64"}, {"fp32", "train.recompute=full"}, {"bf16", "train.memory=separate"}};
  for (const auto& [way, kind] : some_pairs(few_ways(), kinds)) {
    Training run(deck_of(way, kind[0], {kind.begin() + 1, kind.end()}));
    session::OriginFinder finder(run.trainer, run.clock);
    for (std::int64_t step = 0; step < (slow() ? 1 : 2); ++step) run.trainer.step(step, run.batch, &finder);
    run.trainer.settle();
    const auto found = finder.first(world());
    EXPECT_FALSE(found) << found->what << fmt::format(" ({})", fmt::join(way.overrides(kind[0]), " "));
  }
}

/// What kernels make in a step of this rank.
struct Makes final : exec::Observer {
  explicit Makes(const Training& run) : graph(run.trainer.engine().program().graph) {}
  bool watches_pieces() const override { return true; }
  void piece_ended(const exec::Piece& piece) override {
    if (piece.work != exec::Work::node || !is_compute(piece.action.kind)) return;
    if (graph.nodes[piece.node].phase == graph::Phase::loss) return;  // run a few rows at a time
    for (std::size_t i = 0; i < piece.out.size(); ++i)
      if (piece.out[i].count() > 0 && piece.out[i].dtype != DType::i32)
        values.emplace_back(name(piece.action), graph[graph.nodes[piece.node].out[i]].name);
  }
  const graph::Graph& graph;
  std::vector<std::pair<std::string, std::string>> values;  ///< with their actions
};

/// The same on every rank: one of those that some rank makes.
session::Fault drawn_fault(const Makes& makes, std::mt19937& draw) {
  session::Fault fault{.action = "",
                       .kind = session::Fault::Kind::nan,
                       .step = 3,
                       .rank = static_cast<int>(draw() % world().size())};
  const std::size_t number = draw();
  std::string mine;
  if (world().rank() == fault.rank) {
    const auto& [action, value] = makes.values[number % makes.values.size()];
    mine = action + "|" + value;
  }
  const std::string chosen = comm::gather(world().all(), mine, comm::Receivers::all, "a fault")[fault.rank];
  fault.action = chosen.substr(0, chosen.find('|'));
  fault.value = chosen.substr(chosen.find('|') + 1);
  return fault;
}

/// Trains to the step that it spoils; whether that was refused.
bool is_refused(Training& run, session::FaultInjector& injector) {
  for (std::int64_t step = 0; step < 2; ++step) run.trainer.step(step, run.batch);
  try {
    run.trainer.step(2, run.batch, &injector);
    run.trainer.settle();
  } catch (const train::Refused&) {
    return true;
  }
  return false;
}

/// Numbers behind a mask, or of a table's row that no token asks for, spoil nothing.
TEST(Origin, OfAPlantedNanIsNamed) {
  std::mt19937 draw(20261129);
  const std::vector<std::string> precisions = {"fp64", "fp32", "bf16"};
  const int wanted = full_sweep() ? 20 : slow() ? 2 : 6;
  int refused = 0;
  for (int tries = 0; refused < wanted && tries < 3 * wanted; ++tries) {
    const std::vector<Way> all = ways(world().size());
    const Way& way = all[draw() % all.size()];
    const deck::Deck deck = deck_of(way, precisions[draw() % 3],
                                    {draw() % 2 ? "optimizer.validate=after" : "optimizer.validate=before"});
    Training whole(deck);
    Makes makes(whole);
    whole.trainer.step(0, whole.batch, &makes);
    session::Fault fault = drawn_fault(makes, draw);
    const std::string what = fmt::format("{} in {} on rank {} ({})", fault.value, fault.action, fault.rank,
                                         fmt::join(way.overrides(""), " "));
    Training run(deck);
    session::FaultInjector injector(fault, run.plan, run.trainer, world());
    if (!is_refused(run, injector)) continue;
    ++refused;
    session::OriginFinder finder(run.trainer, run.clock);
    exec::Observers again;
    again.add(injector);
    again.add(finder);
    EXPECT_THROW(run.trainer.step(2, run.batch, &again); run.trainer.settle(), train::Refused) << what;
    const auto origin = finder.first(world());
    ASSERT_TRUE(origin) << what;
    EXPECT_NE(origin->what.find(fmt::format(" of {} is nan", fault.value)), std::string::npos)
        << what << ": " << origin->what;
    EXPECT_NE(origin->what.find(" made of finite numbers in " + fault.action), std::string::npos)
        << what << ": " << origin->what;
    EXPECT_NE(origin->what.find(fmt::format("on rank {} (", fault.rank)), std::string::npos)
        << what << ": " << origin->what;
    EXPECT_EQ(origin->samples, deck.train.batch / deck.grid.data / deck.pipeline.microbatches);
  }
  EXPECT_EQ(refused, wanted);
}

TEST(Origin, OfAParameterThatWasSpoiltBeforeIsThatParameter) {
  Training run(deck_of(few_ways().back(), "fp32"));
  const std::vector<train::TrainedParameter> held = run.trainer.parameters();
  if (world().rank() == 0) {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    lane().copy_from_host(std::as_bytes(std::span(&nan, 1)), {held.front().tensor.data, DType::f32, {1}});
  }
  EXPECT_THROW(run.trainer.step(0, run.batch); run.trainer.settle(), train::Refused);
  const session::OriginFinder finder(run.trainer, run.clock);
  const auto origin = finder.first(world());
  ASSERT_TRUE(origin);
  EXPECT_NE(origin->what.find(" is nan, on rank 0"), std::string::npos) << origin->what;
  EXPECT_TRUE(origin->before);
  const SharedFolder folder;
  session::Checkpoints checkpoints(world().all(), run.trainer, folder / "", {}, 20, {});
  const std::initializer_list<std::string> words = {"step 7: [0", " is nan, on rank 0 (",
                                                    "no checkpoint is written"};
  expect_error(ExitCode::numbers, words, [&] { checkpoints.write(7, {}); });
  checkpoints.begin(7, {});
  expect_error(ExitCode::numbers, words, [&] { checkpoints.finish(); });
  comm::barrier(world().all(), "the end of what was begun");
  EXPECT_TRUE(std::filesystem::is_empty(folder / "")) << "no part of it stays";
}

/// The steps of a run, of which one is made with a spoilt batch first, on the same samples or on others.
TEST(Refusal, LeavesNoTraceInWhatFollows) {
  const std::vector<std::string> validates = {"optimizer.validate=before", "optimizer.validate=after"};
  for (const auto& [way, validate] : some_pairs(few_ways(), validates)) {
    const deck::Deck deck = deck_of(way, "fp32", {validate});
    Training undisturbed(deck), disturbed(deck);
    session::Fault fault{.action = "0STEP", .kind = session::Fault::Kind::nan, .step = 3, .times = 1};
    session::FaultInjector injector(fault, disturbed.plan, disturbed.trainer, world());
    int refused = 0;
    for (std::int64_t step = 0; step < 6; ++step) undisturbed.trainer.step(step, undisturbed.batch);
    for (std::int64_t step = 0; step < 6;) {
      try {
        disturbed.trainer.step(step, disturbed.batch, &injector);
        if (step == 2) disturbed.trainer.settle();
        ++step;
      } catch (const train::Refused&) {
        ++refused;
        step = disturbed.trainer.result().step;
      }
    }
    EXPECT_EQ(refused, 1);
    EXPECT_EQ(disturbed.trainer.settle().loss, undisturbed.trainer.settle().loss);
    EXPECT_EQ(bits_of(disturbed.trainer.parameters()), bits_of(undisturbed.trainer.parameters()));
  }
}

/// A batch that nothing was learnt of is one in a run that has learnt another by heart.
TEST(Refusal, OfASpikeToo) {
  const std::vector<std::string> validates = {"optimizer.validate=before", "optimizer.validate=after"};
  for (const auto& [way, validate] : some_pairs(few_ways(), validates)) {
    const Overrides fast = {validate, "train.spike=1.02", "optimizer.rate=1e-2",
                            "optimizer.schedule=constant", "model.dropout=0"};
    Training run(deck_of(way, "fp32", fast));
    data::Batch strange = data::made_up_batch(run.deck.model.vocabulary, run.deck.train.sequence,
                                              1000 + run.trainer.first_sample(), run.trainer.sample_count());
    std::int64_t step = 0;
    for (; step < 15; ++step) run.trainer.step(step, run.batch);
    run.trainer.settle();
    const auto before = bits_of(run.trainer.parameters());
    const double mean = run.trainer.losses().mean();
    EXPECT_THROW(run.trainer.step(step, strange); run.trainer.settle(), train::Refused);
    EXPECT_GT(run.trainer.result().loss, 1.02 * mean);
    EXPECT_EQ(bits_of(run.trainer.parameters()), before);
    EXPECT_EQ(run.trainer.losses().mean(), mean);
    run.trainer.step(step, run.batch);
    EXPECT_LT(run.trainer.settle().loss, mean);
  }
}

}  // namespace
}  // namespace heddle::tests
