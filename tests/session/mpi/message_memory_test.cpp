// The memory that messages use is planned, and made before the first step: no step of training and no evaluation makes any, and what
// is planned is no more than what is used, twice over.
#include "heddle/plan/message_memory.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "heddle/comm/message_memory.hpp"
#include "synthetic_run.hpp"

namespace heddle::tests {
namespace {

std::vector<deck::Deck> decks() {
  const int ranks = world().size();
  std::vector<deck::Deck> all;
  for (int pipeline = 1; pipeline <= ranks; ++pipeline)
    for (const int tensor : {1, 2, 4}) {  // of four heads
      if (ranks % (pipeline * tensor) != 0 || pipeline > 4) continue;
      for (const auto& more : std::vector<std::vector<std::string>>{
               {"grid.sequence_parallel=true", "train.loss_rows=7"},
               {"train.precision=bf16", "comm.gradients=bf16", "comm.bucket_mib=1", "pipeline.tied=transmit"},
               {"train.precision=bf16", "train.recompute=full", "optimizer.validate=after"}}) {
        std::vector<std::string> keys = {fmt::format("grid.pipeline={}", pipeline),
                                         fmt::format("grid.tensor={}", tensor),
                                         fmt::format("grid.data={}", ranks / pipeline / tensor),
                                         "pipeline.microbatches=4",
                                         fmt::format("train.batch={}", 8 * ranks),
                                         "model.layers=4",
                                         "model.vocabulary=259"};
        keys.insert(keys.end(), more.begin(), more.end());
        all.push_back(small_deck(keys));
      }
    }
  return all;
}

/// Since then.
comm::MessageMemory since(const comm::MessageMemory& before) {
  comm::MessageMemory now = comm::message_memory(world().all());
  for (const auto& [made, earlier] :
       {std::pair{&now.landing, &before.landing}, {&now.staged, &before.staged}}) {
    made->bytes -= earlier->bytes;
    made->count -= earlier->count;
    made->used -= earlier->used;
  }
  return now;
}

TEST(MessageMemory, IsMadeBeforeTheFirstStep) {
  for (const deck::Deck& deck : decks()) {
    SCOPED_TRACE(maps::name(plan::options_of(deck).grid));
    const comm::MessageMemory before = comm::message_memory(world().all());
    Training run(deck);
    const comm::MessageMemory set_up = since(before);
    const plan::MessageMemory planned =
        plan::message_memory(run.plan, run.trainer.grid().rank(), run.trainer.carriers());
    EXPECT_EQ(set_up.landing.bytes, bytes_of(planned.landing));
    EXPECT_LE(set_up.staged.bytes, bytes_of(planned.staged)) << "an earlier run's copies serve this one too";

    const comm::MessageMemory ready = comm::message_memory(world().all());
    for (int step = 0; step < 2; ++step) run.trainer.step(step, run.batch);
    run.trainer.settle();
    run.trainer.evaluate(run.batch);
    EXPECT_EQ(since(ready).landing.count, 0);
    EXPECT_EQ(since(ready).staged.count, 0);
    EXPECT_GE(2 * since(before).landing.used, bytes_of(planned.landing)) << "it is hardly used";
    if (before.staged.count == 0) {
      EXPECT_GE(2 * since(before).staged.used, bytes_of(planned.staged)) << "it is hardly used";
    }
  }
}

}  // namespace
}  // namespace heddle::tests
