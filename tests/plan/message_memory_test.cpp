// What messages take beside the plan, by hand.
#include "heddle/plan/message_memory.hpp"

#include <gmock/gmock.h>

#include "../support/checked_deck.hpp"
#include "heddle/maps/segments.hpp"
#include "heddle/plan/from_deck.hpp"

namespace heddle::plan {
namespace {

using maps::Axis;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;

/// A microbatch has 12 samples of 15 rows.
Plan plan_of(std::vector<std::string> overrides) {
  constexpr const char* text = R"(
[model]
layers = 4
heads = 4
width = 24
context = 15
vocabulary = 260
[train]
steps = 1
batch = 24
[pipeline]
microbatches = 2
)";
  return make(tests::checked_deck(text, overrides));
}

MessageMemory memory(const Plan& plan, Carrying by, Rank rank = 0) {
  return message_memory(plan, rank, all_by(by));
}

TEST(MessageMemory, OneRankSendsNothing) {
  const Plan plan = plan_of({});
  for (const Carrying by : {Carrying::host, Carrying::device, Carrying::staged}) {
    EXPECT_THAT(memory(plan, by).landing, IsEmpty());
    EXPECT_THAT(memory(plan, by).staged, IsEmpty());
  }
}

TEST(MessageMemory, SumsOfGradientsLieInPlaceButForCopiesOnTheHost) {
  const Plan plan = plan_of({"grid.data=2", "comm.bucket_mib=1"});
  for (const Carrying by : {Carrying::host, Carrying::device}) {
    EXPECT_THAT(memory(plan, by).landing, IsEmpty());
    EXPECT_THAT(memory(plan, by).staged, IsEmpty());
  }
  std::int64_t gradients = 0;
  for (const schedule::Bucket& bucket : plan.of(plan.training, 0).buckets)
    gradients += bucket.end - bucket.begin;
  EXPECT_GT(gradients, 0);
  EXPECT_THAT(memory(plan, Carrying::staged).landing, IsEmpty());
  EXPECT_EQ(bytes_of(memory(plan, Carrying::staged).staged), gradients) << "all may be under way at once";
}

/// An MPI that is handed a device's memory takes messages of it, no sums: a rank has what it sends, and the other's terms of its half,
/// whose room then serves for what is gathered. Nothing is copied.
TEST(MessageMemory, SumsByADeviceAwareMpiAreMadeOfMessages) {
  const Plan plan = plan_of({"grid.data=2", "comm.bucket_mib=1"});
  std::int64_t numbers = 0, halves = 0;
  for (const schedule::Bucket& bucket : plan.of(plan.training, 0).buckets) {
    const std::int64_t count = (bucket.end - bucket.begin) / 4;
    ASSERT_EQ(count % 2, 0) << "the ranks' halves are as large";
    numbers += 4 * count, halves += maps::behind(2 * count);
  }
  EXPECT_EQ(bytes_of(memory(plan, Carrying::aware).landing), numbers + halves);
  EXPECT_THAT(memory(plan, Carrying::aware).staged, IsEmpty());
}

/// A bucket's bf16 numbers, and the other rank's terms of this one's half.
TEST(MessageMemory, NarrowSumsHaveACopyAndTheOthersTerms) {
  const Plan plan =
      plan_of({"grid.data=2", "comm.gradients=bf16", "train.precision=bf16", "comm.bucket_mib=1000"});
  const std::vector<schedule::Bucket>& buckets = plan.of(plan.training, 0).buckets;
  std::int64_t most = 0;
  for (const schedule::Bucket& bucket : buckets) {
    const std::int64_t count = (bucket.end - bucket.begin) / size_of(bucket.dtype);
    for (const std::int64_t bytes : {2 * count, maps::balanced_block(count, 2, 0).size() * 2})
      most += (bytes + 63) / 64 * 64;
  }
  const MessageMemory device = memory(plan, Carrying::device);
  EXPECT_LE(bytes_of(device.landing), most);
  EXPECT_GE(bytes_of(device.landing), most / static_cast<std::int64_t>(buckets.size()) - 128);
  EXPECT_THAT(device.landing, Each(Field(&MessageRooms::axes, maps::AxisSet(Axis::data))));
}

/// Of 180 rows a rank has 90, which the other's terms arrive for: they are added up from there. What is gathered is whole rows, which
/// go where they belong.
TEST(MessageMemory, SplitRowsHaveRoomForTheOthersTerms) {
  const Plan plan = plan_of({"grid.tensor=2", "grid.sequence_parallel=true"});
  for (const Carrying by : {Carrying::host, Carrying::device})
    EXPECT_THAT(memory(plan, by).landing, Contains(MessageRooms{Axis::tensor, 90 * 24 * 4, 1}));
  EXPECT_THAT(memory(plan, Carrying::host).staged, IsEmpty());
  const MessageMemory staged = memory(plan, Carrying::staged);
  EXPECT_THAT(staged.staged, Contains(Field(&MessageRooms::bytes, 180 * 24 * 4))) << "what a scatter sends";
  EXPECT_THAT(staged.landing, ElementsAre(MessageRooms{Axis::tensor, 90 * 24 * 4, 1}))
      << "what is gathered comes from the host, and takes turns with what is scattered";

  const Plan narrow = plan_of({"grid.tensor=2", "grid.sequence_parallel=true", "train.precision=bf16"});
  constexpr std::int64_t terms = (90 * 24 * 2 + 63) / 64 * 64, sums = 90 * 24 * 4;
  EXPECT_THAT(memory(narrow, Carrying::device).landing, Contains(MessageRooms{Axis::tensor, terms + sums, 1}))
      << "they are rounded once";
}

/// Two messages of a channel may be under way, and as many receives as are asked for ahead.
TEST(MessageMemory, MessagesBetweenStagesAreCopiedOnlyWhereTheHostCarriesThem) {
  const Plan plan = plan_of({"grid.pipeline=2", "pipeline.tied=transmit"});
  for (const Rank rank : {0, 1})
    EXPECT_THAT(memory(plan, Carrying::device, rank).landing, IsEmpty()) << "they go where they belong";
  const std::int64_t message = 180 * 24 * 4, table = 260 * 24 * 4;
  const std::vector<MessageRooms> staged = memory(plan, Carrying::staged).staged;
  EXPECT_EQ(bytes_of(staged), (2 + std::min(2, plan.training.lookahead)) * message + table);
  EXPECT_EQ(bytes_of(memory(plan, Carrying::aware).staged), table) << "which one rank hands on";
  const Carriers mixed{.maps = Carrying::device, .stages = Carrying::staged, .hosts = Carrying::staged};
  EXPECT_THAT(message_memory(plan, 0, mixed).staged, Each(Field(&MessageRooms::bytes, message)));
}

}  // namespace
}  // namespace heddle::plan
