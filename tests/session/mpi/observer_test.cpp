// Who observes a step is told of all of its actions and all of its work, one after the other,
// and changes nothing.
#include "heddle/exec/observer.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "synthetic_run.hpp"

namespace heddle::tests {
namespace {

using exec::Piece;
using exec::Work;
using passes::Phase;
using schedule::Action;

/// Holds what it is told to the order that an observer may count on.
class Recorder final : public exec::Observer {
 public:
  void step_begins(std::int64_t step) override {
    EXPECT_FALSE(step_ || action_ || piece_);
    step_ = step;
  }
  void step_ended(const exec::StepResult& result) override {
    EXPECT_FALSE(action_ || piece_);
    EXPECT_EQ(step_, result.step);
    EXPECT_TRUE(std::isfinite(result.loss) && result.gradient_norm > 0);
    step_.reset();
    ++steps;
  }
  void action_begins(const Action& action) override {
    EXPECT_TRUE(step_ && !piece_);
    EXPECT_FALSE(action_) << "an action lies within another";
    action_ = action;
  }
  void action_ended(const schedule::Event& event) override {
    EXPECT_EQ(action_, event.action);
    EXPECT_FALSE(piece_);
    action_.reset();
    actions.push_back(event.action);
  }
  bool watches_pieces() const override { return true; }
  void piece_begins(const Piece& piece) override {
    EXPECT_TRUE(step_);
    EXPECT_FALSE(piece_) << "a piece lies within another";
    const bool posted = piece.work == Work::message && is_receive(piece.action.kind);  // ahead of its turn
    if (piece.action.stage >= 0 && !posted) {
      EXPECT_EQ(action_, piece.action) << static_cast<int>(piece.work);
    }
    piece_ = piece;
  }
  void piece_ended(const Piece& piece) override {
    EXPECT_TRUE(piece_ && piece.work == piece_->work && piece.node == piece_->node);
    piece_.reset();
    pieces.push_back(piece);
  }
  bool idle() const { return !step_ && !action_ && !piece_; }
  int count(Work work) const { return static_cast<int>(std::ranges::count(pieces, work, &Piece::work)); }

  std::vector<Action> actions;
  std::vector<Piece> pieces;
  int steps = 0;

 private:
  std::optional<std::int64_t> step_;
  std::optional<Action> action_;
  std::optional<Piece> piece_;
};

deck::Deck deck_for(int ranks) {
  const int pipeline = ranks % 2 == 0 ? 2 : 1, rest = ranks / pipeline, tensor = rest % 2 == 0 ? 2 : 1;
  return small_deck({fmt::format("grid.pipeline={}", pipeline), fmt::format("grid.tensor={}", tensor),
                     fmt::format("grid.data={}", rest / tensor),
                     fmt::format("train.batch={}", 8 * rest / tensor), "pipeline.microbatches=4",
                     "train.loss_rows=15"});  // of 32 that a rank has
}

TEST(Observer, IsToldOfEveryActionOfEveryStepBeforeAndAfter) {
  Training run(deck_for(world().size()));
  Recorder recorder;
  schedule::Row expected;
  const schedule::Row& row =
      run.plan.training.schedule.rows[run.plan.pipeline_rank(run.trainer.grid().rank())];
  for (int step = 0; step < 2; ++step) {
    run.trainer.step(step, run.batch, &recorder);
    expected.insert(expected.end(), row.begin(), row.end());
  }
  EXPECT_TRUE(recorder.idle());
  EXPECT_EQ(recorder.steps, 2);
  EXPECT_EQ(recorder.actions, expected);
}

TEST(Observer, IsToldOfEveryNodeOnceAMicrobatchAndOfWhatAStepEndsWith) {
  Training run(deck_for(world().size()));
  Recorder recorder;
  run.trainer.step(0, run.batch, &recorder);

  std::map<std::pair<int, int>, int> times;  // by node and microbatch
  for (const Piece& piece : recorder.pieces)
    if (piece.work == Work::node || piece.work == Work::map || piece.work == Work::recompute) {
      ++times[{piece.node, piece.action.microbatch}];
      EXPECT_EQ(piece.work == Work::map,
                run.trainer.engine().program().graph.nodes[piece.node].op == graph::Op::map);
    }
  const passes::Program& program = run.trainer.engine().program();
  for (int node = 0; node < static_cast<int>(program.graph.nodes.size()); ++node) {
    const Phase phase = program.graph.nodes[node].phase;
    if (phase >= Phase::epilogue)
      continue;  // buckets may stand for it, and the step has kinds of work of its own
    const bool once = phase == Phase::prologue;
    for (int microbatch = once ? -1 : 0; microbatch < (once ? 0 : run.deck.pipeline.microbatches);
         ++microbatch)
      EXPECT_EQ((times[{node, microbatch}]), phase == Phase::loss ? 3 : 1) << node << " of " << microbatch;
  }
  int again = 0;
  for (std::size_t node = 0; node < program.graph.nodes.size(); ++node)
    again += program.graph.nodes[node].recomputed && program.graph.nodes[node].op != graph::Op::map;
  EXPECT_GT(again, 0);
  EXPECT_EQ(recorder.count(Work::recompute), again * run.deck.pipeline.microbatches);
  EXPECT_EQ(recorder.count(Work::load), 1);
  EXPECT_EQ(recorder.count(Work::norm), 1);
  EXPECT_EQ(recorder.count(Work::update), static_cast<int>(run.trainer.parameters().size()));
  const int sides =
      run.deck.grid.pipeline - 1;  // a stage of two has one neighbour: as many sends as receives
  EXPECT_EQ(recorder.count(Work::message), 2 * sides * run.deck.pipeline.microbatches);
}

struct Events final : exec::Observer {
  void action_ended(const schedule::Event& event) override { actions.push_back(event.action); }
  void piece_begins(const Piece&) override { ADD_FAILURE() << "it does not watch pieces"; }
  std::vector<Action> actions;
};

TEST(Observer, SeveralAreToldTheSame) {
  Training run(deck_for(world().size()));
  Recorder first, second;
  Events events;
  exec::Observers all;
  for (exec::Observer* one : std::initializer_list<exec::Observer*>{&first, &events, &second}) all.add(*one);
  run.trainer.step(0, run.batch, &all);
  EXPECT_FALSE(events.actions.empty());
  EXPECT_EQ(first.actions, events.actions);
  EXPECT_EQ(second.actions, events.actions);
  EXPECT_EQ(first.pieces.size(), second.pieces.size());
}

TEST(Observer, ChangesNoBit) {
  const deck::Deck deck = deck_for(world().size());
  Training watched(deck), alone(deck);
  Recorder recorder;
  for (int step = 0; step < 2; ++step)
    EXPECT_EQ(watched.trainer.step(step, watched.batch, &recorder).loss,
              alone.trainer.step(step, alone.batch).loss);
  EXPECT_EQ(bits_of(watched.trainer.parameters()), bits_of(alone.trainer.parameters()));
}

}  // namespace
}  // namespace heddle::tests
