#include "heddle/session/sample_queue.hpp"

#include <gtest/gtest.h>

#include "../support/temporary_folder.hpp"
#include "heddle/io/token_file.hpp"

namespace heddle::session {
namespace {

struct Tokens {
  tests::TemporaryFolder folder;
  data::Dataset dataset = written();

  data::Dataset written() const {
    io::TokenFileWriter writer(folder / "tokens.h5", {io::TokenKind::byte, 256, {}}, "zeros");
    writer.append(std::vector<std::int32_t>(1000));
    writer.finish(0);
    return data::Dataset(folder / "tokens.h5", 0, 8);
  }
};

TEST(SampleQueue, HandsOutAStepsSamplesAfterTheOthers) {
  const Tokens tokens;
  SampleQueue queue(tokens.dataset, {}, 8, {});
  queue.go_on({100, 92});
  EXPECT_EQ(queue.take(5), (Samples{100, 8}));
  EXPECT_EQ(queue.take(6), (Samples{108, 8}));
  EXPECT_EQ(queue.count(), (SampleQueue::Count{116, 108}));
}

/// A step that is settled late turns out not to count when the next one has taken its samples.
TEST(SampleQueue, TakesBackWhatALaterStepTook) {
  const Tokens tokens;
  SampleQueue queue(tokens.dataset, {}, 8, {});
  queue.take(0);
  queue.take(1);
  EXPECT_EQ(queue.of(0), (Samples{0, 8}));
  queue.pass_over(0);
  EXPECT_EQ(queue.count(), (SampleQueue::Count{8, 0}));
  EXPECT_EQ(queue.take(0), (Samples{8, 8}));
  EXPECT_EQ(queue.take(1), (Samples{16, 8}));
  queue.return_after(0);
  EXPECT_EQ(queue.count(), (SampleQueue::Count{16, 8}));
}

TEST(SampleQueue, PassesOverWhatItIsTold) {
  const Tokens tokens;
  SampleQueue queue(tokens.dataset, {}, 8, {{8, 8}, {16, 8}, {40, 8}});
  EXPECT_EQ(queue.take(0), (Samples{0, 8}));
  EXPECT_EQ(queue.take(1), (Samples{24, 8}));
  EXPECT_EQ(queue.take(2), (Samples{32, 8}));
  EXPECT_EQ(queue.take(3), (Samples{48, 8}));
  EXPECT_EQ(queue.count(), (SampleQueue::Count{56, 32}));
}

TEST(SampleQueue, PassesOverInWhateverOrderItIsTold) {
  const Tokens tokens;
  SampleQueue queue(tokens.dataset, {}, 8, {{8, 8}, {0, 8}});
  EXPECT_EQ(queue.take(0), (Samples{16, 8}));
}

/// Whole, also where another batch was the step's.
TEST(SampleQueue, PassesOverWhatItMeetsInTheMiddle) {
  const Tokens tokens;
  SampleQueue queue(tokens.dataset, {}, 12, {{8, 8}});
  EXPECT_EQ(queue.take(0), (Samples{16, 12}));
}

}  // namespace
}  // namespace heddle::session
