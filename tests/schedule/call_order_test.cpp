// The calls of all ranks can be drawn up in one line, or are refused with the circle that keeps them from it.
#include "heddle/schedule/call_order.hpp"

#include <gtest/gtest.h>

#include "../support/expect_error.hpp"
#include "../support/ids.hpp"
#include "heddle/schedule/generate.hpp"
#include "heddle/schedule/interpreter.hpp"
#include "heddle/schedule/lookahead.hpp"
#include "heddle/schedule/null_machine.hpp"
#include "schedules.hpp"

namespace heddle::schedule {
namespace {

constexpr int plenty = 1000;  // receives posted at a time

/// An event of several ranks: a send, or the so-manieth call of a group.
using Event = std::tuple<Action, std::vector<PipelineRank>, int>;

/// What a rank calls in its turn, its receives where the order posts them.
std::vector<Event> chain(const Schedule& schedule, PipelineRank rank, const GroupCalls& groups,
                         const std::vector<Post>& posts) {
  const Row& row = schedule.rows[rank];
  std::vector<Event> events;
  std::map<std::vector<PipelineRank>, int> calls;
  std::size_t next = 0;
  for (std::size_t index = 0; index < row.size(); ++index) {
    for (; next < posts.size() && posts[next].before <= index; ++next)
      events.push_back({counterpart(row[posts[next].receive]), {}, 0});
    if (is_send(row[index].kind)) events.push_back({row[index], {}, 0});
    if (const auto here = groups[rank].find(index); here != groups[rank].end())
      for (const GroupCall& call : here->second) events.push_back({{}, call.ranks, calls[call.ranks]++});
  }
  EXPECT_EQ(next, posts.size());
  return events;
}

/// By taking away what is first in all chains that have it, again and again.
bool has_circle(const ById<PipelineRank, std::vector<Event>>& chains) {
  std::map<Event, int> holders;
  for (const auto& one : chains)
    for (const Event& event : one) ++holders[event];
  std::vector<std::size_t> begin(chains.size(), 0);
  for (bool taken = true; taken;) {
    taken = false;
    std::map<Event, int> first;
    for (std::size_t i = 0; i < chains.size(); ++i)
      if (begin[i] < chains[PipelineRank(static_cast<int>(i))].size())
        ++first[chains[PipelineRank(static_cast<int>(i))][begin[i]]];
    for (std::size_t i = 0; i < chains.size(); ++i) {
      const auto& one = chains[PipelineRank(static_cast<int>(i))];
      if (begin[i] < one.size() && first[one[begin[i]]] == holders[one[begin[i]]]) ++begin[i], taken = true;
    }
  }
  for (std::size_t i = 0; i < chains.size(); ++i)
    if (begin[i] < chains[PipelineRank(static_cast<int>(i))].size()) return true;
  return false;
}

bool has_circle(const Schedule& schedule, const GroupCalls& groups, const CallOrder& order) {
  ById<PipelineRank, std::vector<Event>> chains;
  for (const PipelineRank rank : schedule.rows.ids())
    chains.push_back(chain(schedule, rank, groups, order.posts[rank]));
  return has_circle(chains);
}

GroupCalls no_groups(const Schedule& schedule) { return GroupCalls(schedule.rows.size()); }

/// Tied gradients as a model has them: sums where the gradients are complete, values after the step, of the first and the
/// last rank and of all.
GroupCalls ties(const Schedule& schedule) {
  GroupCalls groups = no_groups(schedule);
  const PipelineRank last(schedule.ranks() - 1);
  std::vector<PipelineRank> all;
  for (const PipelineRank rank : schedule.rows.ids()) all.push_back(rank);
  for (const PipelineRank rank : all)
    for (const ActionKind kind : {ActionKind::reduce_gradients, ActionKind::step}) {
      const Row& row = schedule.rows[rank];
      const std::size_t index =
          row.size() - 1 - (std::ranges::find(row.rbegin(), row.rend(), kind, &Action::kind) - row.rbegin());
      if (rank == 0 || rank == last) groups[rank][index].push_back({{PipelineRank(0), last}, "ends"});
      groups[rank][index].push_back({all, "all"});
    }
  return groups;
}

/// Of every schedule on so many ranks; `test` is given it, its name and the receives that it wants posted.
template <class Test>
void each_schedule(const std::vector<int>& ranks_of, const Test& test) {
  for (const std::string_view name : names())
    for (const int ranks : ranks_of)
      for (const int chunks : {1, 2, 3})
        for (const int microbatches : {1, 2, 5, 8, 16}) {
          Schedule schedule;
          try {
            schedule = lowered(generate({std::string(name), ranks, chunks, microbatches}));
          } catch (const BadRequest&) {
            continue;
          }
          SCOPED_TRACE(testing::Message()
                       << name << " on " << ranks << " ranks, " << chunks << " chunks, " << microbatches);
          schedule.window = 1;  // where a rank may stray, the order of its row
          test(schedule, ample_lookahead(schedule, unit_costs(schedule.stages()), default_lookahead));
        }
}

TEST(CallOrder, OfEveryScheduleIsOneLine) {
  each_schedule({2, 3, 4, 8}, [](const Schedule& schedule, int lookahead) {
    for (const GroupCalls& groups : {no_groups(schedule), ties(schedule)}) {
      const auto order = call_order(schedule, groups, lookahead);
      ASSERT_TRUE(order);
      EXPECT_FALSE(has_circle(schedule, groups, *order));
    }
  });
}

TEST(CallOrder, PostsEveryReceiveOnceAndNoMoreThanMayBe) {
  each_schedule({2, 4}, [](const Schedule& schedule, int lookahead) {
    const auto order = call_order(schedule, no_groups(schedule), lookahead);
    for (const PipelineRank rank : schedule.rows.ids()) {
      const Row& row = schedule.rows[rank];
      std::set<std::size_t> open;
      std::size_t next = 0;
      for (std::size_t index = 0; index < row.size(); ++index) {
        for (; next < order->posts[rank].size() && order->posts[rank][next].before <= index; ++next)
          EXPECT_TRUE(open.insert(order->posts[rank][next].receive).second);
        EXPECT_LE(std::ssize(open), lookahead);
        EXPECT_EQ(open.erase(index), is_receive(row[index].kind) ? 1U : 0U) << name(row[index]);
      }
    }
  });
}

TEST(CallOrder, OfTwoStagesTheForwardAndTheBackwardAreChannels) {
  const Schedule schedule = lowered(gpipe(2, 3));
  const PipelineRank first(0), second(1);
  const std::size_t down = channel_of({ActionKind::send_forward, Stage(0), 0}),
                    up = channel_of({ActionKind::send_backward, Stage(1), 0});
  EXPECT_EQ(call_order(schedule, no_groups(schedule), 2)->channels,
            (std::set<Channel>{{first, second, down}, {second, first, up}}));
}

// The first rank sends its second microbatch before it takes the first one's gradient, and its third one after; so
// the last rank posts the second receive before that send, and the third right behind it.
TEST(CallOrder, ReceivesArePostedAsEarlyAsTheOtherRankCanSend) {
  const Schedule schedule = read_schedule(
      "0F0,0SEND_F0,0F1,0SEND_F1,0RECV_B0,0B0,0F2,0SEND_F2,0RECV_B1,0B1,0RECV_B2,0B2\n"
      "1RECV_F0,1F0,1B0,1SEND_B0,1RECV_F1,1F1,1B1,1SEND_B1,1RECV_F2,1F2,1B2,1SEND_B2\n");
  const auto order = call_order(schedule, no_groups(schedule), plenty);
  EXPECT_EQ(order->posts[PipelineRank(0)], (std::vector<Post>{{4, 4}, {8, 8}, {10, 8}}));
  EXPECT_EQ(order->posts[PipelineRank(1)], (std::vector<Post>{{0, 0}, {4, 0}, {8, 4}}));
}

TEST(CallOrder, MessagesOfAChannelArePostedAsTheyAreSentWhateverTheRowTakesFirst) {
  const Schedule schedule = read_schedule(
      "0F0,0SEND_F0,0F1,0SEND_F1,0RECV_B0,0B0,0RECV_B1,0B1\n"
      "1RECV_F1,1F1,1RECV_F0,1F0,1B0,1SEND_B0,1B1,1SEND_B1\n");
  EXPECT_EQ(call_order(schedule, no_groups(schedule), 2)->posts[PipelineRank(1)],
            (std::vector<Post>{{2, 0}, {0, 0}}));
}

TEST(CallOrder, IsNoneWhereOnlyMessagesThatAreKeptSomewherePassEachOther) {
  const Schedule schedule = read_schedule(
      "0F0,0SEND_F0,0F1,0SEND_F1,0RECV_B0,0B0,0RECV_B1,0B1\n"
      "1RECV_F1,1F1,1RECV_F0,1F0,1B0,1SEND_B0,1B1,1SEND_B1\n");
  EXPECT_FALSE(call_order(schedule, no_groups(schedule), 1));
}

TEST(CallOrder, AReceiveIsPostedBehindTheSumThatItsSenderTakesPartInFirst) {
  const Schedule schedule = read_schedule("0F0,0SEND_F0,0F1,0SEND_F1\n1RECV_F0,1F0,1RECV_F1,1F1\n");
  const GroupCall sum{tests::ids<PipelineRank>({0, 1}), "sum"};
  GroupCalls groups(2);
  groups[PipelineRank(0)][2] = {sum};
  groups[PipelineRank(1)][1] = {sum};
  EXPECT_EQ(call_order(schedule, groups, 2)->posts[PipelineRank(1)], (std::vector<Post>{{0, 0}, {2, 2}}));
}

// The second message would have to be taken between two sums of one action.
TEST(CallOrder, IsNoneWhereAReceiveWouldStandInsideAnAction) {
  const Schedule schedule = read_schedule("0F0,0SEND_F0,0F1,0SEND_F1,0F2\n1RECV_F0,1F0,1RECV_F1,1F1\n2F0\n");
  const GroupCall one{tests::ids<PipelineRank>({0, 1}), "one"},
      other{tests::ids<PipelineRank>({1, 2}), "other"}, third{tests::ids<PipelineRank>({0, 2}), "third"};
  GroupCalls groups(3);
  groups[PipelineRank(0)][2] = {one};
  groups[PipelineRank(0)][4] = {third};
  groups[PipelineRank(1)][1] = {one, other};
  groups[PipelineRank(2)][0] = {third, other};
  EXPECT_FALSE(call_order(schedule, groups, 2));
}

TEST(CallOrder, IsNoneWhereItIsDecidedWhileItRuns) {
  Schedule schedule = lowered(gpipe(2, 3));
  schedule.window = 2;
  EXPECT_FALSE(call_order(schedule, no_groups(schedule), 2));
}

TEST(CallOrder, ACircleOfAMessageAndASumIsRefused) {
  const Schedule schedule = read_schedule(
      "0F0,0SEND_F0,0RECV_B0,0B0,0REDUCE_GRAD\n"
      "1RECV_F0,1F0,1B0,1REDUCE_GRAD,1SEND_B0\n");
  GroupCalls groups = no_groups(schedule);
  for (const auto& [rank, index] : {std::pair(0, 4), {1, 3}})
    groups[PipelineRank(rank)][static_cast<std::size_t>(index)] = {
        {tests::ids<PipelineRank>({0, 1}), "sum_reduce(pipeline 0, 1)"}};
  tests::expect_error(ExitCode::usage,
                      {"rank 0, action 2 0RECV_B0 can never start",
                       "it waits for 1SEND_B0 of rank 1, whose action 3 1REDUCE_GRAD waits for "
                       "sum_reduce(pipeline 0, 1) of rank 0, in a circle"},
                      [&] { call_order(schedule, groups, 2); });
}

TEST(CallOrder, ACircleOfTwoSumsIsRefused) {
  const GroupCall one{tests::ids<PipelineRank>({0, 2}), "one"},
      other{tests::ids<PipelineRank>({0, 1, 2}), "other"};
  GroupCalls groups(3);
  groups[PipelineRank(0)][0] = {one, other};
  groups[PipelineRank(1)][0] = {other};
  groups[PipelineRank(2)][0] = {other, one};
  tests::expect_error(
      ExitCode::usage,
      {"rank 2, action 0 2F0 can never start",
       "it waits for other of rank 0, whose action 0 0F0 waits for one of rank 2, in a circle"},
      [&] { call_order(read_schedule("0F0\n1F0\n2F0\n"), groups, 2); });
}

}  // namespace
}  // namespace heddle::schedule
