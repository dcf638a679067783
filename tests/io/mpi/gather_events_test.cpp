// Events come together on rank 0, in the order of ranks, however many each has.
#include <gtest/gtest.h>

#include "../../support/mpi_world.hpp"
#include "heddle/io/run_file.hpp"

namespace heddle::io {
namespace {

TEST(GatherEvents, RanksMayHaveAnyNumber) {
  const int rank = tests::world().rank(), ranks = tests::world().size();
  std::vector<EventRow> mine;
  for (int i = 0; i < 3 * rank; ++i)
    mine.push_back({i, {{schedule::ActionKind::backward, Stage(rank), i, 0}, 1.0 * i, i + 0.5}});
  const auto all = gather_events(tests::world().all(), mine);
  if (rank != 0) {
    EXPECT_TRUE(all.empty());
    return;
  }
  ASSERT_EQ(all.size(), static_cast<std::size_t>(ranks));
  for (int r = 0; r < ranks; ++r) {
    ASSERT_EQ(all[r].size(), 3u * r);
    for (int i = 0; i < 3 * r; ++i) {
      EXPECT_EQ(all[r][i].step, i);
      EXPECT_EQ(all[r][i].event.action, (schedule::Action{schedule::ActionKind::backward, Stage(r), i, 0}));
      EXPECT_EQ(all[r][i].event.end, i + 0.5);
    }
  }
}

}  // namespace
}  // namespace heddle::io
