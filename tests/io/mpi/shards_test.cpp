// What a checkpoint is written of: numbers that are made as they are written, that are there later, or that are none.
#include <algorithm>
#include <atomic>
#include <filesystem>
#include <limits>
#include <optional>
#include <thread>

#include "../../support/largest_file.hpp"
#include "../../support/shared_folder.hpp"
#include "blocks.hpp"
#include "heddle/base/checkpoint_chunk.hpp"
#include "heddle/comm/collectives.hpp"

namespace heddle::io {
namespace {

using tests::SharedFolder;

const Shape wide{3, 1500, 1100};  // of which a rank's part is more pieces than one

TEST(Shards, AreMadePieceByPiece) {
  const SharedFolder folder;
  for (int dim : {0, 1, 2}) {
    Owned<float> part("parameters/made", wide, dim);
    std::int64_t most = 0, made = 0;
    part.shard.local.data = nullptr;
    part.shard.make = [&](std::int64_t begin, const Tensor& to) {
      EXPECT_EQ(begin, made) << "each number once, in their order";
      std::copy_n(part.values.data() + begin, to.count(), to.as<float>());
      made += to.count();
      most = std::max(most, to.bytes());
    };
    write_checkpoint(tests::world().all(), folder / "step.h5", {}, std::vector{part.shard});
    EXPECT_EQ(made, std::ssize(part.values));
    EXPECT_LE(most, checkpoint_chunk);
    expect_block<float>(Checkpoint(folder / "step.h5"), "parameters/made", wide, Block(wide, 0, 0, 1));
  }
}

/// Of a device that is asked by another thread.
class Later final : public lanes::Mark::Awaited {
 public:
  bool passed() const override {
    ++asked_;
    return passed_;
  }
  lanes::Mark::Clock::time_point when() const override { return {}; }
  void pass() { passed_ = true; }
  void await_question() const {
    while (asked_ == 0) std::this_thread::yield();
  }

 private:
  std::atomic<bool> passed_ = false;
  mutable std::atomic<int> asked_ = 0;
};

TEST(Shards, AreWrittenOnceTheyAreThere) {
  const SharedFolder folder;
  Owned<float> part("parameters/late", wide, 0);
  const auto later = std::make_shared<Later>();
  std::vector<float> numbers(part.values.size(), -1);
  std::swap(numbers, part.values);
  part.shard.local.data = part.values.data();
  CheckpointWriter writer(tests::world().all(), folder / "step.h5", {}, std::vector{part.shard});
  writer.write_behind(lanes::Mark(later));
  later->await_question();
  EXPECT_FALSE(writer.done());
  std::ranges::copy(numbers, part.values.begin());
  later->pass();
  writer.finish();
  expect_block<float>(Checkpoint(folder / "step.h5"), "parameters/late", wide, Block(wide, 0, 0, 1));
}

TEST(Shards, ThatNeverComeAreNotWaitedForByWhoGivesUp) {
  const SharedFolder folder;
  Owned<float> part("parameters/late", wide, 0);
  {
    CheckpointWriter writer(tests::world().all(), folder / "step.h5", {}, std::vector{part.shard});
    writer.write_behind(lanes::Mark(std::make_shared<Later>()));
  }
  comm::all_sum(tests::world().all(), 0.0, "all to have given up");
  EXPECT_TRUE(std::filesystem::is_empty(folder / ""));
}

/// The last rank has it, in the last of its numbers, and the first cannot write: which a run would go on after.
TEST(Shards, WithANumberThatIsNoneAreNoCheckpoint) {
  const SharedFolder folder;
  const auto& ranks = tests::world().all();
  for (const bool also_a_limit : {false, true}) {
    if (also_a_limit && ranks.size() == 1) break;
    Owned<double> part("parameters/bad", wide, 1);
    if (ranks.rank() == ranks.size() - 1) part.values.back() = -std::numeric_limits<double>::infinity();
    const std::string on =
        "on rank " + std::to_string(ranks.size() - 1) + " (" + tests::world().hosts().back();
    try {
      CheckpointWriter writer(ranks, folder / "step.h5", {7, 0, ""}, std::vector{part.shard});
      {
        std::optional<tests::LargestFile> limit;
        if (also_a_limit && ranks.rank() == 0) limit.emplace(0);
        writer.write();
      }
      writer.finish();
      ADD_FAILURE() << "it is written";
    } catch (const StateNotFinite& error) {
      EXPECT_EQ(error.code(), ExitCode::numbers);
      for (const std::string& words :
           {std::string("step 7: [2, 1499, 1099] of parameters/bad is -inf, "), on})
        EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
    }
    comm::all_sum(ranks, 0.0, "all to have failed");
    EXPECT_TRUE(std::filesystem::is_empty(folder / ""));
  }
}

}  // namespace
}  // namespace heddle::io
