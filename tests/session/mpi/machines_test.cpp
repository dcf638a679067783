// The contract of the three machines, and what a step promises beside its numbers: memory as planned,
// events in order.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "heddle/kernels/elementwise.hpp"
#include "heddle/schedule/lookahead.hpp"
#include "heddle/schedule/null_machine.hpp"
#include "heddle/schedule/simulated_machine.hpp"
#include "schedule_ways.hpp"
#include "synthetic_run.hpp"

namespace heddle::tests {
namespace {

using schedule::Action;
using schedule::Event;

deck::Deck deck_for(int ranks, const ScheduleWay& way) {
  const int pipeline = ranks % 2 == 0 ? ranks / 2 : ranks, tensor = ranks / pipeline;
  return small_deck({fmt::format("grid.pipeline={}", pipeline), fmt::format("grid.tensor={}", tensor),
                     "model.layers=12", "pipeline.microbatches=8", "train.steps=4",
                     fmt::format("pipeline.schedule={}", way.schedule),
                     fmt::format("pipeline.chunks={}", way.chunks)});
}
deck::Deck deck_for(int ranks) { return deck_for(ranks, {"1f1b", 1, true}); }

/// Calls f(deck) for every schedule there is on these ranks.
template <class F>
void for_each_schedule(int ranks, F&& f) {
  const int pipeline = ranks % 2 == 0 ? ranks / 2 : ranks;
  for (const ScheduleWay& way : schedule_ways()) {
    SCOPED_TRACE(fmt::format("{} x{}", way.schedule, way.chunks));
    if (way.fits(pipeline, 8, 12)) f(deck_for(ranks, way));
  }
}

std::vector<Action> actions(const std::vector<Event>& events) {
  std::vector<Action> all;
  for (const Event& event : events) all.push_back(event.action);
  return all;
}

struct Recorder final : exec::Observer {
  void action_ended(const Event& event) override { events.push_back(event); }
  std::vector<Event> events;
};

/// The order in which one row's actions are finished when all rows run on machines of a kind.
template <class Cluster, class Machine>
std::vector<Action> order_on(Cluster cluster, const schedule::Schedule& schedule, int row, int lookahead) {
  std::vector<schedule::EventRecorder> recorders(schedule.rows.size());
  std::vector<Machine> machines(schedule.rows.size(), Machine(cluster));
  std::vector<schedule::Interpreter> loops;
  for (std::size_t i = 0; i < machines.size(); ++i)
    loops.emplace_back(schedule.rows[PipelineRank(i)], machines[i], lookahead, &recorders[i]);
  EXPECT_EQ(run_all(loops), schedule::Advance::done);
  return actions(recorders[static_cast<std::size_t>(row)].events);
}

TEST(Machines, AllThreeFinishTheSameActionsInTheSameOrder) {
  for_each_schedule(world().size(), [](const deck::Deck& deck) {
    const plan::Plan plan = plan::make(deck);
    if (plan.training.schedule.window > 1) return;  // where the order is the weather's
    const exec::Clock clock;
    session::Trainer trainer(session::options_of(deck), plan, world().all(), clock, lane());
    const int row = trainer.grid().coordinates()[maps::Axis::pipeline], lookahead = plan.training.lookahead;

    Recorder recorder;
    trainer.step(0, made_up_batch(deck, trainer.first_sample(), trainer.sample_count()), &recorder);
    const std::vector<Action> on_device = actions(recorder.events);
    EXPECT_EQ(on_device,
              (order_on<schedule::NullCluster, schedule::NullMachine>(
                  schedule::NullCluster(plan.training.schedule), plan.training.schedule, row, lookahead)));
    const schedule::Costs costs = schedule::unit_costs(plan.training.schedule.stages());
    EXPECT_EQ(on_device, (order_on<schedule::SimulatedCluster, schedule::SimulatedMachine>(
                             schedule::SimulatedCluster(plan.training.schedule, costs),
                             plan.training.schedule, row, lookahead)));
  });
}

TEST(Machines, EventsOfARankFollowEachOther) {
  const deck::Deck deck = deck_for(world().size());
  const plan::Plan plan = plan::make(deck);
  const exec::Clock clock;
  session::Trainer trainer(session::options_of(deck), plan, world().all(), clock, lane());
  Recorder recorder;
  for (int step = 0; step < 2; ++step)
    trainer.step(step, made_up_batch(deck, trainer.first_sample(), trainer.sample_count()), &recorder);
  double last = 0;
  for (const Event& event : recorder.events) {
    EXPECT_LE(last, event.begin) << name(event.action);
    EXPECT_LE(event.begin, event.end) << name(event.action);
    last = event.end;
  }
  EXPECT_LE(last, clock.now());
}

TEST(Memory, ARankAllocatesWhatItsPlanSays) {
  for_each_schedule(world().size(), [](const deck::Deck& deck) {
    const plan::Plan plan = plan::make(deck);
    const exec::Clock clock;
    const session::Trainer trainer(session::options_of(deck), plan, world().all(), clock, lane());
    EXPECT_EQ(trainer.allocated(), plan.memory(world().rank()).bytes());
    EXPECT_GT(trainer.allocated(), 0);
  });
}

TEST(Evaluation, BetweenStepsChangesNothingAndRepeats) {
  const deck::Deck deck = deck_for(world().size());
  const plan::Plan plan = plan::make(deck);
  const exec::Clock clock;
  session::Trainer plain(session::options_of(deck), plan, world().all(), clock, lane()),
      evaluated(session::options_of(deck), plan, world().all(), clock, lane());
  const data::Batch batch = made_up_batch(deck, plain.first_sample(), plain.sample_count());
  for (int step = 0; step < 3; ++step) {
    EXPECT_EQ(plain.step(step, batch).loss, evaluated.step(step, batch).loss);
    EXPECT_EQ(evaluated.evaluate(batch), evaluated.evaluate(batch));
  }
}

TEST(Gradients, AreMeansNotSumsOverTheBatch) {  // the same samples twice give the same loss and gradient norm
  const auto result = [](std::int64_t batch, std::int64_t step_samples) {
    const deck::Deck deck = small_deck({"grid.data=" + std::to_string(world().size()), "model.dropout=0.0",
                                        "train.batch=" + std::to_string(batch * world().size())});
    const plan::Plan plan = plan::make(deck);
    const exec::Clock clock;
    session::Trainer trainer(session::options_of(deck), plan, world().all(), clock, lane());
    data::Batch samples;
    for (std::int64_t i = 0; i < batch / step_samples; ++i) {
      const data::Batch once = made_up_batch(deck, 0, step_samples);
      samples.inputs.insert(samples.inputs.end(), once.inputs.begin(), once.inputs.end());
      samples.targets.insert(samples.targets.end(), once.targets.begin(), once.targets.end());
    }
    return trainer.step(0, samples);
  };
  const train::StepResult once = result(4, 4), twice = result(8, 4);
  EXPECT_NEAR(once.loss, twice.loss, 1e-13 * once.loss);
  EXPECT_NEAR(once.gradient_norm, twice.gradient_norm, 1e-12 * once.gradient_norm);
}

double first_number(const Tensor& tensor) { return lane().read_scalar({tensor.data, tensor.dtype, {}}); }

TEST(Numbers, ADivergedStepEndsOnEveryRankBeforeParametersChange) {
  const deck::Deck deck = deck_for(world().size());
  const plan::Plan plan = plan::make(deck);
  const exec::Clock clock;
  session::Trainer trainer(session::options_of(deck), plan, world().all(), clock, lane());
  const train::TrainedParameter first = trainer.parameters().front();
  const double before = first_number(first.tensor);
  if (world().rank() == 0)
    kernels::fill(lane(), trainer.parameters().back().tensor, std::numeric_limits<double>::infinity());
  try {
    trainer.step(0, made_up_batch(deck, trainer.first_sample(), trainer.sample_count()));
    FAIL() << "rank " << world().rank() << " went on";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::numbers);
    EXPECT_EQ(first_number(first.tensor), before);
  }
}

}  // namespace
}  // namespace heddle::tests
