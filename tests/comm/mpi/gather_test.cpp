// Lists of any lengths come together on those who receive, in the order of ranks, and nowhere else.
#include "heddle/comm/gather.hpp"

#include <gtest/gtest.h>

#include "support/mpi_world.hpp"

namespace heddle::comm::tests {
namespace {

using heddle::tests::world;

struct Row {
  std::int64_t rank;
  double number;
  bool operator==(const Row&) const = default;
};

/// Rank r's list has r * r * `stretch` rows: rank 0's is empty, long ones are sent only when
/// they are received.
std::vector<Row> rows_of(int rank, int stretch) {
  std::vector<Row> rows;
  for (int i = 0; i < rank * rank * stretch; ++i) rows.push_back({rank, i / 8.});
  return rows;
}

TEST(Gather, lists_of_any_lengths) {
  for (Receivers receivers : {Receivers::first, Receivers::all})
    for (int stretch : {0, 1, 5000}) {
      const auto mine = rows_of(world().rank(), stretch);
      const auto all = gather_rows<Row>(world().all(), mine, receivers, "the test's rows");
      if (receivers == Receivers::first && world().rank() != 0) {
        EXPECT_TRUE(all.empty());
        continue;
      }
      ASSERT_EQ(static_cast<int>(all.size()), world().size());
      for (int rank = 0; rank < world().size(); ++rank) EXPECT_EQ(all[rank], rows_of(rank, stretch));
    }
}

TEST(Gather, one_after_another_do_not_mix) {
  const std::string mine = std::to_string(world().rank());
  const auto first = gather(world().all(), mine + "a", Receivers::first, "a");
  const auto all = gather(world().all(), mine + "b", Receivers::all, "b");
  const auto again = gather(world().all(), mine + "c", Receivers::first, "c");
  for (std::size_t rank = 0; rank < first.size(); ++rank) {
    EXPECT_EQ(first[rank], std::to_string(rank) + "a");
    EXPECT_EQ(again[rank], std::to_string(rank) + "c");
  }
  for (std::size_t rank = 0; rank < all.size(); ++rank) EXPECT_EQ(all[rank], std::to_string(rank) + "b");
}

}  // namespace
}  // namespace heddle::comm::tests
