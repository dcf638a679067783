// Datasets and samplers: which tokens a sample holds, and that only seed, step and place in the
// batch decide it.
#include "heddle/data/sampler.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "../support/expect_error.hpp"
#include "../support/temporary_folder.hpp"
#include "heddle/base/target.hpp"

namespace heddle::data {
namespace {

using deck::SampleOrder;
using tests::expect_error;

/// Token i of the file is i, so that a batch shows where it was cut.
struct Counting {
  tests::TemporaryFolder folder;
  std::string path = folder / "tokens.h5";
  explicit Counting(std::int32_t length) {
    std::vector<std::int32_t> ids(static_cast<std::size_t>(length));
    std::iota(ids.begin(), ids.end(), 0);
    io::TokenFileWriter writer(path, {io::TokenKind::byte, length, {}}, "count");
    writer.append(ids);
    writer.finish(0);
  }
};

TEST(Dataset, CutsOffTheLastPart) {
  const Counting text(1000);
  const Dataset dataset(text.path, 0.1, 8);
  EXPECT_EQ(dataset.train(), (Part{0, 900}));
  EXPECT_EQ(dataset.held_out(), (Part{900, 1000}));
  EXPECT_EQ(Dataset(text.path, 0, 8).train(), (Part{0, 1000}));
}

TEST(Dataset, TargetsFollowInputs) {
  const Counting text(100);
  const auto batch = Dataset(text.path, 0, 3).read(std::vector<std::int64_t>{10, 96});
  EXPECT_EQ(batch.inputs, (std::vector<std::int32_t>{10, 11, 12, 96, 97, 98}));
  EXPECT_EQ(batch.targets, (std::vector<std::int32_t>{11, 12, 13, 97, 98, 99}));
}

TEST(Dataset, TooShortATextIsRefused) {
  const Counting text(100);
  EXPECT_NO_THROW(Dataset(text.path, 0, 99));
  expect_error(ExitCode::usage, {"100", "to train on", "101 tokens"}, [&] { Dataset(text.path, 0, 100); });
  EXPECT_NO_THROW(Dataset(text.path, 0.1, 9));
  expect_error(ExitCode::usage, {"10 of its 100", "held out", "train.sequence"},
               [&] { Dataset(text.path, 0.1, 10); });
}

TEST(Sampler, RandomStartsCoverTheWholePartEvenly) {
  const Counting text(50);
  const Dataset dataset(text.path, 0.2, 8);  // 40 to train on: starts 0..31
  const Sampler sampler(dataset, SampleOrder::random, 1);
  std::map<std::int64_t, int> count;
  for (int k = 0; k < 32'000; ++k) ++count[sampler.start_of(k)];
  EXPECT_EQ(count.begin()->first, 0);
  EXPECT_EQ(count.rbegin()->first, 31);
  for (const auto& [start, times] : count)
    EXPECT_NEAR(times, 1000, 160) << start;  // five standard deviations
}

TEST(Sampler, OnlySeedAndPlaceDecide) {
  const Counting text(5000);
  const Dataset dataset(text.path, 0.1, 8);
  const Sampler sampler(dataset, SampleOrder::random, 1), same(dataset, SampleOrder::random, 1),
      other(dataset, SampleOrder::random, 2);
  const auto whole = sampler.batch(42, 6);
  EXPECT_EQ(whole.inputs, same.batch(42, 6).inputs);
  EXPECT_NE(whole.inputs, sampler.batch(48, 6).inputs);
  EXPECT_NE(whole.inputs, other.batch(42, 6).inputs);
  std::vector<std::int32_t> joined;
  for (int rank : {0, 1, 2}) {
    const auto part = sampler.batch(42 + 2 * rank, 2);
    joined.insert(joined.end(), part.inputs.begin(), part.inputs.end());
  }
  EXPECT_EQ(joined, whole.inputs) << "the ranks' samples are the batch";
}

TEST(Sampler, SequentialWindowsLieEndToEndAndWrap) {
  const Counting text(34);
  const Dataset dataset(text.path, 0, 8);
  const Sampler sampler(dataset, SampleOrder::sequential, 1);  // 33 / 8 = 4 windows
  const auto first = sampler.batch(0, 3), second = sampler.batch(3, 3);
  for (int i = 0; i < 24; ++i) EXPECT_EQ(first.inputs[i], i);
  EXPECT_EQ(second.inputs[0], 24);
  EXPECT_EQ(second.inputs[8], 0) << "the fifth sample is the first again";
}

TEST(Evaluation, WindowsAreSpreadOverTheHeldOutPart) {
  const Counting text(1000);
  const Dataset dataset(text.path, 0.1, 9);  // held out 900..999: 11 windows
  const auto starts = [&](std::int64_t total) {
    const auto batch = evaluation_batch(dataset, total, 0, total);
    std::vector<std::int32_t> result;
    for (std::size_t i = 0; i < batch.inputs.size(); i += 9) result.push_back(batch.inputs[i]);
    return result;
  };
  EXPECT_EQ(starts(2), (std::vector<std::int32_t>{900, 945}));
  const auto all = starts(11);
  EXPECT_EQ(std::set<std::int32_t>(all.begin(), all.end()).size(), 11u);
  EXPECT_EQ(all.back(), 990);
  EXPECT_EQ(evaluation_batch(dataset, 4, 2, 2).inputs[0], starts(4)[2]);
}

TEST(Evaluation, HasEachWindowOnceAndFillsTheLastBatch) {
  const Counting text(1000);
  const Dataset dataset(text.path, 0.1, 9);
  EXPECT_EQ(evaluation_windows(dataset, 4), 4);
  EXPECT_EQ(evaluation_windows(dataset, 22), 11);
  const auto last = evaluation_batch(dataset, 11, 8, 4);  // the third batch of 4
  ASSERT_EQ(last.targets.size(), 4u * 9);
  EXPECT_EQ(last.inputs[2 * 9], 990);
  EXPECT_EQ(std::ranges::count(last.targets, ignored_target), 9);
  EXPECT_EQ(last.targets[3 * 9], ignored_target);
  const auto beyond = evaluation_batch(dataset, 11, 12, 2);  // of a rank whose samples are all filled
  EXPECT_EQ(std::ranges::count(beyond.targets, ignored_target), 2 * 9);
}

}  // namespace
}  // namespace heddle::data
