// What a lane replays has the bits of what is enqueued anew: in every step and with every deck, a node that is replayed has the arguments
// that it was recorded with. On the tests' late lane what was recorded is done with the arguments of then, so one that has changed
// changes a bit.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "some_pairs.hpp"
#include "support/late_stream.hpp"
#include "synthetic_run.hpp"

namespace heddle::tests {
namespace {

using Overrides = std::vector<std::string>;
using graph::Op;

constexpr int steps = 6;
constexpr bool evaluates_after(std::int64_t step) { return step == 1 || step == 4; }
constexpr int watched_step = 3;

/// For it each node is enqueued by itself.
struct Watcher final : exec::Observer {
  bool watches_pieces() const override { return true; }
  bool waits_for_pieces() const override { return false; }
};

/// A device's, or the tests' late lane.
lanes::Lane recording_lane() {
  return lane().stream() ? lane() : lanes::Lane(std::make_shared<LateStream>());
}

struct Bits {
  std::vector<double> numbers;  ///< losses, norms and evaluations in their order
  std::vector<std::byte> state;

  friend bool operator==(const Bits&, const Bits&) = default;
};

/// A run that evaluates in the middle, and hands out what it has trained.
class SmallRun {
 public:
  SmallRun(const deck::Deck& deck, lanes::Lane lane)
      : deck_(deck),
        plan_(plan::make(deck)),
        lane_(std::move(lane)),
        trainer_(session::options_of(deck), plan_, world().all(), clock_, lane_),
        batch_(made_up_batch(deck, trainer_.first_sample(), trainer_.sample_count())) {}

  void step(exec::Observer* observer = nullptr) {
    trainer_.step(step_, batch_, observer);
    trainer_.settle();
    note(trainer_.result().loss);
    note(trainer_.result().gradient_norm);
    if (evaluates_after(step_)) note(trainer_.evaluate(batch_));
    ++step_;
  }
  void note(double number) { bits_.numbers.push_back(number); }

  Bits bits() {
    for (const train::TrainedParameter& p : trainer_.parameters())
      for (const Tensor& tensor : {p.tensor, p.first_moment, p.second_moment}) {
        if (!tensor.data) continue;
        const std::size_t begin = bits_.state.size();
        bits_.state.resize(begin + static_cast<std::size_t>(tensor.bytes()));
        lane_.copy_to_host(tensor, std::span(bits_.state).subspan(begin));
      }
    return bits_;
  }
  exec::ReplayCount count() const { return trainer_.replays(); }
  const session::Trainer& trainer() const { return trainer_; }

 private:
  deck::Deck deck_;
  plan::Plan plan_;
  exec::Clock clock_;
  lanes::Lane lane_;
  session::Trainer trainer_;
  data::Batch batch_;
  Bits bits_;
  std::int64_t step_ = 0;
};

/// Who listens to names wants those of all nodes: while he does, each is enqueued by itself.
class Listener final : public lanes::Ranges {
 public:
  explicit Listener(const lanes::Lane& lane)
      : lane_(lane), before_(std::exchange(lane.stream()->ranges, this)) {}
  ~Listener() override { lane_.stream()->ranges = before_; }
  void begin(const std::string&) override { ++names; }
  void end() override {}

  std::int64_t names = 0;

 private:
  const lanes::Lane& lane_;
  lanes::Ranges* before_;
};

Bits enqueued(const deck::Deck& deck) {
  const lanes::Lane lane = recording_lane();
  const Listener listener(lane);
  SmallRun run(deck, lane);
  for (int step = 0; step < steps; ++step) run.step();
  EXPECT_EQ(run.count().launches + run.count().recordings, 0);
  EXPECT_GT(listener.names, run.count().nodes);
  return run.bits();
}

/// What the last step has replayed of its nodes.
struct Replayed {
  Bits bits;
  std::int64_t nodes, replayed;
};

Replayed replayed(const deck::Deck& deck) {
  SmallRun run(deck, recording_lane());
  Watcher watcher;
  exec::ReplayCount before;
  for (int step = 0; step < steps; ++step) {
    before = run.count();
    run.step(step == watched_step ? &watcher : nullptr);
    if (step == watched_step) {
      EXPECT_EQ(run.count().launches, before.launches);
    }
  }
  EXPECT_EQ(run.count().refused, "");
  const exec::ReplayCount last = run.count() - before;
  return {run.bits(), last.nodes, last.replayed};
}

Overrides with(Overrides all, const Overrides& more) {
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

/// The grids on which the decks below are tried.
std::vector<Overrides> grids() {
  const int ranks = world().size();
  std::vector<Overrides> all = {{fmt::format("grid.data={}", ranks)}};
  if (ranks > 1) all.push_back({fmt::format("grid.pipeline={}", ranks)});
  if (ranks % 2 == 0)
    all.push_back(
        {"grid.tensor=2", fmt::format("grid.pipeline={}", ranks / 2), "grid.sequence_parallel=true"});
  return all;
}

deck::Deck deck_of(const Overrides& overrides) {
  return small_deck(
      with({"train.batch=16", "train.steps=8", "pipeline.microbatches=4", "model.dropout=0"}, overrides));
}

void same_bits(const Overrides& overrides) {
  const deck::Deck deck = deck_of(overrides);
  const Replayed found = replayed(deck);
  EXPECT_TRUE(found.bits == enqueued(deck)) << fmt::format("{}", fmt::join(overrides, " "));
  EXPECT_GT(found.replayed, 0) << fmt::format("{}", fmt::join(overrides, " "));
}

bool has_a_power_of_two_of_ranks() {
  return world().size() == 1 || world().size() == 2 || world().size() == 4;
}

TEST(Replays, HaveTheBitsOfWhatIsEnqueued) {
  if (!has_a_power_of_two_of_ranks()) GTEST_SKIP();
  const std::vector<Overrides> decks = {{},
                                        {"model.dropout=0.1"},
                                        {"train.precision=fp32"},
                                        {"train.precision=bf16"},
                                        {"train.recompute=full"},
                                        {"train.recompute=selective", "model.dropout=0.1"},
                                        {"train.loss_rows=24"},
                                        {"optimizer.validate=after", "optimizer.clip=0"},
                                        {"optimizer.validate=after", "optimizer.clip=0.9"},
                                        {"train.memory=separate"},
                                        {"pipeline.tied=transmit"},
                                        {"pipeline.microbatches=1"},
                                        {"model.width=64", "comm.bucket_mib=1"}};
  for (const auto& [grid, deck] : some_pairs(grids(), decks)) same_bits(with(grid, deck));
}

TEST(Replays, HaveThemInEverySchedule) {
  if (!has_a_power_of_two_of_ranks()) GTEST_SKIP();
  const std::vector<Overrides> decks = {{"pipeline.schedule=gpipe"},
                                        {"pipeline.schedule=interleaved", "pipeline.chunks=2"},
                                        {"pipeline.schedule=zb-h1"},
                                        {"pipeline.schedule=dynamic"},
                                        {"pipeline.schedule=zb-v", "pipeline.chunks=2"}};
  for (const auto& [grid, deck] : some_pairs(grids(), decks)) same_bits(with(grid, deck));
}

/// Of one rank's step without dropout, which asks for nothing that changes but the places of rows, and the optimizer's numbers.
TEST(Replays, LeaveOutOnlyWhatChanges) {
  if (world().size() > 1) GTEST_SKIP() << "maps stand between the nodes";
  const deck::Deck deck = deck_of({});
  SmallRun run(deck, recording_lane());
  for (int step = 0; step < steps - 1; ++step) run.step();
  const exec::ReplayCount before = run.count();
  run.step();
  std::int64_t changing = 0;
  for (const graph::Node& node : run.trainer().engine().program().graph.nodes) {
    const bool of_a_microbatch = node.op == Op::add_position || node.op == Op::position_gradient;
    changing +=
        of_a_microbatch ? deck.pipeline.microbatches : node.op == Op::adamw || node.op == Op::sum_of_squares;
  }
  const exec::ReplayCount last = run.count() - before;
  // Beside add_position and its adjoint stands the embedding, alone.
  EXPECT_EQ(last.nodes - last.replayed, changing + 2 * deck.pipeline.microbatches);
  EXPECT_EQ(last.launches, 2 * deck.pipeline.microbatches) << "an F and a B each one";
}

/// The sum of a bucket begins behind its last gradient, while backward goes on.
TEST(Replays, EndBehindTheLastGradientOfABucket) {
  if (world().size() == 1) GTEST_SKIP() << "no gradient is shared";
  const deck::Deck deck = deck_of({fmt::format("grid.data={}", world().size()), "model.width=64",
                                   "comm.bucket_mib=1", fmt::format("train.batch={}", 4 * world().size())});
  SmallRun run(deck, recording_lane());
  for (int step = 0; step < steps - 1; ++step) run.step();
  const exec::ReplayCount before = run.count();
  run.step();
  const auto buckets = std::ssize(run.trainer().engine().buckets());
  EXPECT_GT(buckets, 2);
  EXPECT_GE((run.count() - before).launches, 2 * deck.pipeline.microbatches + buckets - 2)
      << "the last two end with positions and with the embedding, which stand alone";
}

/// A lane that stops to record costs nothing but time, and says so.
TEST(Replays, ALaneThatRefusesIsGoneOnWithout) {
  const auto stream = std::make_shared<LateStream>();
  if (by_device_messages() || lanes::device_lane().stream()) GTEST_SKIP() << "no lane of the test's own";
  const deck::Deck deck = deck_of(
      {fmt::format("grid.data={}", world().size()), fmt::format("train.batch={}", 4 * world().size())});
  stream->keep_at_most(1);
  SmallRun run(deck, lanes::Lane(stream));
  for (int step = 0; step < steps; ++step) run.step();
  EXPECT_EQ(run.count().recordings, 1);
  EXPECT_EQ(run.count().refused, "no memory is left");
  EXPECT_TRUE(run.bits() == enqueued(deck));
}

}  // namespace
}  // namespace heddle::tests
