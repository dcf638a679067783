// No two buffers alive together share a slot, and there are no more slots than needed.
#include "heddle/schedule/slots.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <tuple>

#include "heddle/schedule/null_machine.hpp"
#include "schedules.hpp"

namespace heddle::schedule {
namespace {

BufferClass frame(Stage stage, ActionKind first, ActionKind last) {
  return {{{stage, first}}, {{stage, last}}};
}

/// The data of a receive until its stage has used it.
BufferClass inbox(Stage stage, ActionKind receive) {
  if (receive == ActionKind::receive_forward) return frame(stage, receive, ActionKind::forward);
  return frame(stage, receive, ActionKind::backward_input);
}

/// What a computation writes for a send.
BufferClass outbox(Stage stage, ActionKind send) {
  if (send == ActionKind::send_forward) return frame(stage, ActionKind::forward, send);
  return frame(stage, ActionKind::backward_input, send);
}

int peak(const std::vector<BufferLife>& lives) {
  int most = 0;
  for (const BufferLife& at : lives) {
    const auto alive = [&](const BufferLife& life) { return life.begin <= at.begin && at.begin <= life.end; };
    most = std::max(most, static_cast<int>(std::ranges::count_if(lives, alive)));
  }
  return most;
}

void expect_no_overlap(const std::vector<BufferLife>& lives, const Slots& slots) {
  for (const BufferLife& a : lives)
    for (const BufferLife& b : lives)
      if (&a != &b && slots.of(a.microbatch, a.slice) == slots.of(b.microbatch, b.slice)) {
        EXPECT_TRUE(a.end < b.begin || b.end < a.begin);
      }
}

TEST(Slots, RandomLifetimes) {
  std::mt19937 random(3);
  for (int repeat = 0; repeat < 200; ++repeat) {
    std::vector<BufferLife> lives;
    for (int microbatch = 0; microbatch < 30; ++microbatch) {
      const std::int64_t begin = random() % 50;
      lives.push_back(
          {begin, begin + static_cast<std::int64_t>(random() % 20), microbatch / 2, microbatch % 2});
    }
    std::ranges::stable_sort(lives, {}, &BufferLife::begin);
    const Slots slots = assign_slots(lives);
    expect_no_overlap(lives, slots);
    EXPECT_EQ(slots.count, peak(lives));
  }
}

TEST(Slots, UnknownMicrobatchesHaveNone) {
  const Slots slots = assign_slots({{0, 1, 2, 0}});
  EXPECT_EQ(slots.of(2), 0);
  EXPECT_EQ(slots.of(0), -1);
  EXPECT_EQ(slots.of(2, 1), -1);
  EXPECT_EQ(slots.of(3), -1);
  EXPECT_EQ(slots.of(-1), -1);
  EXPECT_EQ(assign_slots({}).count, 0);
}

TEST(Slots, SplitBackwardKeepsPartOfTheFrameLonger) {
  const Row row = read_schedule("0F0,0F1,0I0,0F2,0I1,0W0,0I2,0W1,0W2\n").rows[PipelineRank(0)];
  using enum ActionKind;
  EXPECT_EQ(assign_slots(lives(row, frame(Stage(0), forward, backward_input))).count, 2);
  EXPECT_EQ(assign_slots(lives(row, frame(Stage(0), forward, backward_weight))).count, 3);
  EXPECT_EQ(assign_slots(lives(row, frame(Stage(0), backward_input, backward_weight))).count, 2);
  EXPECT_EQ(assign_slots(lives(row, frame(Stage(1), forward, backward_input))).count, 0);
}

TEST(Slots, AWholeBackwardDoesWhatItsPartsDo) {
  const Row row = read_schedule("0F0,0F1,0B0,0I1,0W1\n").rows[PipelineRank(0)];
  const auto ends = [&](ActionKind first, ActionKind last) {
    std::vector<std::int64_t> result;
    for (const BufferLife& life : lives(row, frame(Stage(0), first, last))) result.push_back(life.end);
    return result;
  };
  using enum ActionKind;
  EXPECT_EQ(ends(forward, backward_weight), (std::vector<std::int64_t>{2, 4}));
  EXPECT_EQ(ends(forward, backward_input), (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(ends(backward_input, backward_weight), (std::vector<std::int64_t>{2, 4}));
}

TEST(Slots, ABufferMayLiveFromOneStageToAnother) {
  const Row row = read_schedule("1F0,1F1,2F0,2F1\n").rows[PipelineRank(0)];
  const auto all = lives(row, {{{Stage(1), ActionKind::forward}}, {{Stage(2), ActionKind::forward}}});
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[1].begin, 1);
  EXPECT_EQ(all[1].end, 3);
}

TEST(Slots, AReceiveBeginsWhereItIsPosted) {
  const Row row = read_schedule("1RECV_F0,1F0,1RECV_F1,1F1,1RECV_F2,1F2\n").rows[PipelineRank(0)];
  const auto begins = [&](int lookahead) {
    std::vector<std::int64_t> result;
    for (const BufferLife& life : lives(row, inbox(Stage(1), ActionKind::receive_forward), lookahead))
      result.push_back(life.begin);
    return result;
  };
  EXPECT_EQ(begins(1), (std::vector<std::int64_t>{0, 1, 3}));
  EXPECT_EQ(begins(2), (std::vector<std::int64_t>{0, 0, 1}));
  EXPECT_EQ(begins(3), (std::vector<std::int64_t>{0, 0, 0}));
}

TEST(Slots, ABufferIsKeptUntilItsSendHasSurelyLeft) {
  const Row row =
      read_schedule("0F0,0SEND_F0,0F1,0SEND_F1,0F2,0SEND_F2,0F3,0SEND_F3\n").rows[PipelineRank(0)];
  const auto ends = [&](int capacity) {
    std::vector<std::int64_t> result;
    for (const BufferLife& life : lives(row, outbox(Stage(0), ActionKind::send_forward), 1, capacity))
      result.push_back(life.end);
    return result;
  };
  EXPECT_EQ(ends(1), (std::vector<std::int64_t>{3, 5, 7, 7}));
  EXPECT_EQ(ends(2), (std::vector<std::int64_t>{5, 7, 7, 7}));
}

/// Runs on the null machine and watches buffers: taken when a receive is posted or F begins, left when used.
class Watcher final : public Machine {
 public:
  Watcher(NullCluster& cluster, std::set<Action>& posted, const Schedule& schedule, int rank, int lookahead,
          int capacity)
      : machine_(cluster), posted_(&posted), dependencies_(schedule) {
    const Row& row = schedule.rows[PipelineRank(rank)];
    for (const Stage stage : first<Stage>(schedule.stages())) {
      for (const ActionKind receive : {ActionKind::receive_forward, ActionKind::receive_backward})
        slots_[{stage, receive}] = assign_slots(lives(row, inbox(stage, receive), lookahead));
      for (const ActionKind send : {ActionKind::send_forward, ActionKind::send_backward})
        slots_[{stage, send}] = assign_slots(lives(row, outbox(stage, send), lookahead, capacity));
    }
  }
  bool ready(const Action& action) override { return machine_.ready(action); }

  void start(const Action& action) override {
    if (is_receive(action.kind)) {
      take(action);
      posted_->insert(action);
    }
    if (is_compute(action.kind) && action.kind != ActionKind::backward_weight) {
      Action send = action;
      send.kind = action.kind == ActionKind::forward ? ActionKind::send_forward : ActionKind::send_backward;
      if (slots_[{send.stage, send.kind}].of(send.microbatch) >= 0) take(send);
    }
    machine_.start(action);
  }

  Event finish(const Action& action) override {
    const Event event = machine_.finish(action);
    if (is_compute(action.kind))
      for (const Need& need : dependencies_.of(action))
        if (is_receive(need.either.kind)) holder_.erase(place_of(need.either));
    return event;
  }

 private:
  using Place = std::tuple<int, ActionKind, int>;
  Place place_of(const Action& message) {
    return {message.stage, message.kind, slots_.at({message.stage, message.kind}).of(message.microbatch)};
  }
  /// A buffer is free when its message was used here, or is received by the other side.
  void take(const Action& message) {
    const Place place = place_of(message);
    EXPECT_GE(std::get<2>(place), 0);
    if (const auto held = holder_.find(place); held != holder_.end()) {
      EXPECT_TRUE(is_send(message.kind)) << name(message) << " meets " << name(held->second);
      EXPECT_TRUE(posted_->contains(counterpart(held->second)))
          << name(message) << " meets " << name(held->second);
    }
    holder_[place] = message;
  }

  NullMachine machine_;
  std::set<Action>* posted_;  ///< by any rank
  Dependencies dependencies_;
  std::map<std::pair<int, ActionKind>, Slots> slots_;
  std::map<Place, Action> holder_;
};

TEST(Slots, BoxesAreFreeWheneverTheLoopTakesThem) {
  for (const Schedule& schedule : many_schedules())
    for (int lookahead : {1, 2, 4})
      for (int capacity : {1, 2, 3}) {
        NullCluster cluster(schedule, capacity);
        std::set<Action> posted;
        std::vector<Watcher> machines;
        std::vector<Interpreter> loops;
        machines.reserve(schedule.rows.size());
        for (int rank = 0; rank < schedule.ranks(); ++rank) {
          machines.emplace_back(cluster, posted, schedule, rank, lookahead, capacity);
          loops.emplace_back(schedule.rows[PipelineRank(rank)], machines.back(), lookahead);
        }
        EXPECT_EQ(run_all(loops), Advance::done);
      }
}

}  // namespace
}  // namespace heddle::schedule
