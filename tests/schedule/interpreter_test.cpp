// The loop does the same on every machine: same actions, same order, receives posted
// ahead, back-pressure kept.
#include "heddle/schedule/interpreter.hpp"

#include <gtest/gtest.h>

#include "heddle/base/error.hpp"
#include "heddle/schedule/simulated_machine.hpp"
#include "schedules.hpp"

namespace heddle::schedule {
namespace {

/// Writes down what it is asked to do; everything is ready but one action.
class Recorder final : public Machine {
 public:
  bool ready(const Action& action) override { return action != held; }
  void start(const Action& action) override { log.push_back("start " + name(action)); }
  Event finish(const Action& action) override {
    log.push_back("finish " + name(action));
    return {action, 1, 2};
  }
  std::vector<std::string> log;
  Action held{ActionKind::step, Stage(99)};
};

TEST(Interpreter, PostsReceivesAhead) {
  const Row row = read_schedule("1RECV_F0,1F0,1RECV_F1,1F1,1RECV_F2,1F2\n").rows[PipelineRank(0)];
  Recorder machine;
  Interpreter loop(row, machine, 2);
  while (loop.advance() == Advance::moved) {
  }
  EXPECT_EQ(machine.log,
            (std::vector<std::string>{"start 1RECV_F0", "start 1RECV_F1", "finish 1RECV_F0", "start 1RECV_F2",
                                      "start 1F0", "finish 1F0", "finish 1RECV_F1", "start 1F1", "finish 1F1",
                                      "finish 1RECV_F2", "start 1F2", "finish 1F2"}));
  EXPECT_EQ(loop.advance(), Advance::done);
}

TEST(Interpreter, WaitsForWhatIsNotReadyAndGoesOn) {
  const Row row = read_schedule("0F0,0SEND_F0,0B0\n").rows[PipelineRank(0)];
  Recorder machine;
  machine.held = row[1];
  EventRecorder recorder;
  Interpreter loop(row, machine, 1, &recorder);
  EXPECT_EQ(loop.advance(), Advance::moved);
  EXPECT_EQ(loop.advance(), Advance::blocked);
  EXPECT_EQ(loop.advance(), Advance::blocked);
  EXPECT_EQ(loop.position(), 1u);
  EXPECT_EQ(loop.next(), row[1]);
  EXPECT_EQ(machine.log.size(), 2u) << "an action that is not ready must not start";
  machine.held = {ActionKind::step, Stage(99)};
  EXPECT_EQ(loop.advance(), Advance::moved);
  EXPECT_EQ(loop.advance(), Advance::moved);
  EXPECT_EQ(loop.advance(), Advance::done);
  EXPECT_EQ(recorder.events, (std::vector<Event>{{row[0], 1, 2}, {row[1], 1, 2}, {row[2], 1, 2}}));
}

TEST(Interpreter, AnEmptyRowIsDone) {
  const Row row;
  Recorder machine;
  Interpreter loop(row, machine);
  EXPECT_EQ(loop.advance(), Advance::done);
}

struct Finished final : Observer {
  void action_ended(const Event& event) override { actions.push_back(event.action); }
  std::vector<Action> actions;
};

/// All actions of all ranks in the order in which run_all finished them.
template <class Cluster, class RankMachine>
std::vector<Action> order(const Schedule& schedule, Cluster&& cluster, int lookahead) {
  Finished finished;
  std::vector<RankMachine> machines(schedule.rows.size(), RankMachine(cluster));
  std::vector<Interpreter> loops;
  for (std::size_t rank = 0; rank < machines.size(); ++rank)
    loops.emplace_back(schedule.rows[PipelineRank(rank)], machines[rank], lookahead, &finished);
  EXPECT_EQ(run_all(loops), Advance::done) << write(schedule);
  return finished.actions;
}

Costs unequal_costs(int stages) {
  Costs costs;
  for (const Stage stage : first<Stage>(stages))
    costs.stages.push_back({{ActionKind::forward, 1.0 + stage},
                            {ActionKind::backward, 2.5},
                            {ActionKind::backward_input, 1.25},
                            {ActionKind::backward_weight, 0.5 + stage % 2},
                            {ActionKind::reduce_gradients, 1},
                            {ActionKind::step, 1}});
  costs.link = {0.125, 8};
  costs.boundary_bytes.assign(stages, 3);
  return costs;
}

TEST(Machines, NullAndSimulatedDoTheSameInTheSameOrder) {
  for (const Schedule& schedule : many_schedules())
    for (int lookahead : {1, 2, 5})
      for (int capacity : {1, 2, 4}) {
        const auto null =
            order<NullCluster, NullMachine>(schedule, NullCluster(schedule, capacity), lookahead);
        const auto simulated = order<SimulatedCluster, SimulatedMachine>(
            schedule, SimulatedCluster(schedule, unequal_costs(schedule.stages()), capacity), lookahead);
        EXPECT_EQ(null, simulated);
        std::size_t actions = 0;
        for (const Row& row : schedule.rows) actions += row.size();
        EXPECT_EQ(null.size(), actions);
      }
}

TEST(NullMachine, HoldsSendsBackUntilAReceiveIsPosted) {
  const Schedule schedule = lowered(gpipe(2, 4));
  NullCluster cluster(schedule, 2);
  NullMachine sender(cluster), receiver(cluster);
  Interpreter loop(schedule.rows[PipelineRank(0)], sender);
  while (loop.advance() == Advance::moved) {
  }
  EXPECT_EQ(name(loop.next()), "0SEND_F2");
  receiver.start({ActionKind::receive_forward, Stage(1), 0});
  EXPECT_EQ(loop.advance(), Advance::moved);
  EXPECT_EQ(loop.advance(), Advance::moved);
  EXPECT_EQ(loop.advance(), Advance::blocked);
  EXPECT_EQ(name(loop.next()), "0SEND_F3");
}

TEST(RunAll, SaysWhenNobodyMoves) {
  const Schedule schedule = read_schedule("0F0,0RECV_B0,0SEND_F0,0B0\n1RECV_F0,1F0,1B0,1SEND_B0\n");
  NullCluster cluster(schedule);
  NullMachine machine(cluster);
  std::vector<Interpreter> loops = {Interpreter(schedule.rows[PipelineRank(0)], machine),
                                    Interpreter(schedule.rows[PipelineRank(1)], machine)};
  EXPECT_EQ(run_all(loops), Advance::blocked);
  EXPECT_EQ(loops[0].position(), 1u);
  EXPECT_EQ(loops[1].position(), 0u);
  EXPECT_THROW(simulate(schedule, unequal_costs(2)), Error);
}

}  // namespace
}  // namespace heddle::schedule
