// A checkpoint that is written while training goes on holds what was there when it was begun, and nobody waits for its copy.
#include "heddle/session/state_copy.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <thread>

#include "checkpoint_contents.hpp"
#include "heddle/comm/collectives.hpp"
#include "heddle/comm/watch_over.hpp"
#include "heddle/session/checkpoints.hpp"
#include "some_pairs.hpp"
#include "support/late_stream.hpp"
#include "support/shared_folder.hpp"
#include "synthetic_run.hpp"
#include "tensor_layouts.hpp"
#include "ways.hpp"

namespace heddle::tests {
namespace {

using Overrides = std::vector<std::string>;

const std::vector<Overrides> kinds = {{"fp64"},
                                      {"bf16", "optimizer.validate=after"},
                                      {"bf16", "optimizer.masters=remainder", "optimizer.moments=bf16"}};

TEST(StateCopy, IsWrittenAsTheStateWasWhileTrainingGoesOn) {
  const SharedFolder folder;
  const std::vector<Way> all = ways(world().size());
  for (const auto& [way, kind] :
       some_pairs(std::vector{all.front(), all[all.size() / 2], all.back()}, kinds)) {
    Training run(small_deck(with(way.overrides(kind[0]), {kind.begin() + 1, kind.end()})));
    const auto checkpoints = [&](const std::string& where) {
      return session::Checkpoints(world().all(), run.trainer, folder / where, {}, 20, {});
    };
    session::Checkpoints at_once = checkpoints("at_once"), beside = checkpoints("beside");
    beside.provide_copy();
    for (std::int64_t step = 0; step < 2; ++step) {
      run.trainer.step(step, run.batch);
      run.trainer.settle();
      const std::string wanted = at_once.write(step, {}).path;
      beside.begin(step, {});
      run.trainer.step(step + 1, run.batch);
      run.trainer.settle();
      EXPECT_TRUE(contents_of(beside.finish().path) == contents_of(wanted))
          << fmt::format("{} {}", fmt::join(way.overrides(kind[0]), " "), fmt::join(kind, " "));
    }
  }
}

std::shared_ptr<LateStream> late_stream() { return std::make_shared<LateStream>(LateStream::Reach::apart); }

/// A trainer whose update nobody has asked for.
struct AfterAStep {
  explicit AfterAStep(const lanes::Lane& the_lane) : lane(the_lane) {
    trainer.step(0, batch);
    trainer.settle();
  }

  lanes::Lane lane;
  deck::Deck deck = small_deck({fmt::format("grid.data={}", world().size())});
  plan::Plan plan = plan::make(deck);
  exec::Clock clock;
  session::Trainer trainer{session::options_of(deck), plan, world().all(), clock, lane};
  data::Batch batch = made_up_batch(deck, trainer.first_sample(), trainer.sample_count());
};

/// Nothing that this rank computes is waited for, nor copied by the host.
TEST(StateCopy, IsNotWaitedFor) {
  const SharedFolder folder;
  AfterAStep run(lane().stream() ? lane() : lanes::Lane(late_stream()));
  session::Checkpoints checkpoints(world().all(), run.trainer, folder / "", {}, 20, {});
  int waits = 0;
  run.lane.wait_through([&](const char*, const lanes::Mark& mark) {
    while (!mark.passed()) std::this_thread::yield();
    ++waits;
  });
  checkpoints.begin(1, {});
  EXPECT_EQ(waits, 0);
  checkpoints.finish();
  EXPECT_EQ(waits, 0);
  comm::watch_over(run.lane, world().all());
}

class CountsPieces final : public exec::Observer {
 public:
  bool watches_pieces() const override { return true; }
  void piece_begins(const exec::Piece&) override { ++count; }
  int count = 0;
};

/// What is read only needs no copies of parameters that are made anew.
TEST(StateCopy, LeavesTheNextStepAsItWas) {
  const SharedFolder folder;
  Training run(small_deck({fmt::format("grid.data={}", world().size()), "train.precision=bf16"}));
  session::Checkpoints checkpoints(world().all(), run.trainer, folder / "", {}, 20, {});
  const auto pieces_of = [&](std::int64_t step) {
    CountsPieces pieces;
    run.trainer.step(step, run.batch, &pieces);
    run.trainer.settle();
    return pieces.count;
  };
  const int with_first_copies = pieces_of(0), usual = pieces_of(1);
  EXPECT_GT(with_first_copies, usual);
  checkpoints.begin(2, {});
  checkpoints.finish();
  EXPECT_EQ(pieces_of(2), usual);
  checkpoints.write(3, {});
  EXPECT_EQ(pieces_of(3), usual);
}

enum class Forgets { nothing, the_state, the_copy };

/// A copy that the host asks for before the next step, or after it.
std::vector<std::byte> copied(Forgets forgets, bool asks_before) {
  const auto stream = late_stream();
  AfterAStep run{lanes::Lane(stream)};
  session::StateCopy copy(world().all(), run.trainer);
  if (forgets == Forgets::the_state) stream->forget("the state, to be copied");
  const lanes::Mark made = copy.make();
  stream->forget("");
  const auto ask = [&] { run.lane.wait(made, "the copy of the state"); };
  if (asks_before) ask();
  if (forgets != Forgets::the_copy) run.trainer.keep_state_until(made);
  run.trainer.step(1, run.batch);
  run.trainer.step(2, run.batch);
  ask();
  std::vector<std::byte> bits;
  for (const train::TrainedParameter& p : copy.parameters())
    for (const Tensor& tensor : {p.tensor, p.first_moment, p.second_moment}) {
      if (!p.owner) continue;
      const auto* const begin = static_cast<const std::byte*>(tensor.data);
      bits.insert(bits.end(), begin, begin + tensor.bytes());
    }
  return bits;
}

TEST(StateCopy, AwaitsTheStateAndIsAwaitedByTheUpdate) {
  if (lanes::device_lane().stream()) GTEST_SKIP() << "kernels run on no lane of the test's own";
  const auto differs = [](const std::vector<std::byte>& bits, const std::vector<std::byte>& right) {
    return comm::all_sum(world().all(), bits != right, "whose copy is another") > 0;
  };
  const std::vector<std::byte> right = copied(Forgets::nothing, true);
  EXPECT_FALSE(differs(copied(Forgets::nothing, false), right));
  EXPECT_TRUE(differs(copied(Forgets::the_state, true), right));
  EXPECT_TRUE(differs(copied(Forgets::the_copy, false), right));
}

}  // namespace
}  // namespace heddle::tests
