// A long run's events stay within a bound, by whole steps; early steps all have theirs, later ones every k-th.
#include <gtest/gtest.h>

#include <filesystem>
#include <vector>

#include "../support/temporary_folder.hpp"
#include "example_run.hpp"

namespace heddle::io {
namespace {

constexpr std::int64_t row_bytes = 31;  // docs/run_file.md

std::int64_t bytes_of_a_step() {
  std::int64_t rows = 0;
  for (int rank = 0; rank < 4; ++rank) rows += std::ssize(example_events(1, rank));
  return rows * row_bytes;
}

/// The steps whose events a run of so many steps keeps, asserted to be the same for all ranks and whole.
std::vector<std::int64_t> kept(std::int64_t steps, std::int64_t bytes, std::int64_t gathered) {
  const tests::TemporaryFolder folder;
  RunFile file(folder / "run.h5", example_header(), {bytes, steps});
  std::vector<std::vector<EventRow>> rows(4);
  for (std::int64_t step = 1; step <= steps; ++step) {
    for (int rank = 0; rank < 4; ++rank)
      for (const EventRow& row : example_events(step, rank)) rows[rank].push_back(row);
    if (step % gathered != 0 && step != steps) continue;
    file.add(rows);
    for (auto& of_rank : rows) of_rank.clear();
    file.flush();
  }
  file.finish();
  EXPECT_EQ(read_step_times(file.path()).steps, steps) << "times are of all steps";

  const StoredEvents events(file.path());
  std::vector<std::vector<std::int64_t>> of_rank(4);
  for (int rank = 0; rank < 4; ++rank) {
    const auto of_a_step = example_events(1, rank).size();
    const auto found = events.of(rank, 1, steps);
    for (std::size_t row = 0; row < found.size(); row += of_a_step) {
      of_rank[rank].push_back(found[row].step);
      for (std::size_t i = 0; i < of_a_step; ++i)
        EXPECT_EQ(found.at(row + i).step, found[row].step) << "each step is whole";
    }
    EXPECT_EQ(of_rank[rank], of_rank[0]);
  }
  return of_rank[0];
}

TEST(KeptEvents, AreAllWhereTheyFit) { EXPECT_EQ(kept(60, 60 * bytes_of_a_step(), 7).size(), 60u); }

TEST(KeptEvents, StayWithinTheirBound) {
  const std::int64_t most = 64;  // steps
  for (const std::int64_t steps : {65, 100, 1000, 3000}) {
    const auto all = kept(steps, most * bytes_of_a_step(), 50);
    EXPECT_LE(std::ssize(all), most);
    EXPECT_GE(std::ssize(all), most * 3 / 4) << "the rest takes more than half of its half";
    for (std::int64_t i = 0; i < most / 2; ++i) EXPECT_EQ(all[static_cast<std::size_t>(i)], i + 1);
    EXPECT_GT(all.back(), steps - steps / 16) << "the end of the run is there, too";
  }
}

TEST(KeptEvents, AStepWhoseRowsComeInTwoPartsIsKeptWholeOrNotAtAll) {
  const tests::TemporaryFolder folder;
  RunFile file(folder / "run.h5", example_header(), {20 * bytes_of_a_step(), 400});
  std::vector<std::vector<EventRow>> late(4);  // each rank's last row comes with the next step's
  for (std::int64_t step = 1; step <= 400; ++step) {
    auto rows = example_events(step);
    for (int rank = 0; rank < 4; ++rank) {
      const EventRow last = rows[rank].back();
      rows[rank].pop_back();
      rows[rank].insert(rows[rank].begin(), late[rank].begin(), late[rank].end());
      late[rank] = {last};
    }
    file.add(rows);
  }
  file.add(late);
  file.finish();
  EXPECT_EQ(read_step_times(file.path()).steps, 400);
  const StoredEvents events(file.path());
  for (auto step = events.from(0); step; step = events.from(*step + 1))
    EXPECT_EQ(events.of(0, *step, *step).size(), example_events(1, 0).size()) << *step;
}

}  // namespace
}  // namespace heddle::io
