#include "../../src/bench/nodes.hpp"

#include <gtest/gtest.h>

namespace heddle::bench {
namespace {

using Hosts = std::vector<std::string>;

/// Everybody's, by rank.
std::vector<int> partners(const Hosts& hosts, Reach reach) {
  std::vector<int> all;
  for (int rank = 0; rank < static_cast<int>(hosts.size()); ++rank)
    all.push_back(partner(hosts, rank, reach));
  return all;
}

TEST(Nodes, NeighboursInRankShareANodeWhereEveryNodeHasAsMany) {
  EXPECT_EQ(ranks_per_node({"a"}), 1);
  EXPECT_EQ(ranks_per_node({"a", "a", "a"}), 3);
  EXPECT_EQ(ranks_per_node({"a", "a", "b", "b"}), 2);
  EXPECT_EQ(ranks_per_node({"a", "a", "b", "b", "c"}), 2);
  EXPECT_EQ(ranks_per_node({"a", "b", "a", "b"}), 1);
  EXPECT_EQ(ranks_per_node({"a", "a", "b", "c"}), std::nullopt);
  EXPECT_EQ(ranks_per_node({"a", "b", "b"}), std::nullopt);
}

TEST(Nodes, WithinANodePairsOfNeighboursTalk) {
  const Reach reach = Reach::within_a_node;
  EXPECT_EQ(partners({"a"}, reach), (std::vector{-1}));
  EXPECT_EQ(partners({"a", "a", "a"}, reach), (std::vector{1, 0, -1}));
  EXPECT_EQ(partners({"a", "a", "b", "b"}, reach), (std::vector{1, 0, 3, 2}));
  EXPECT_EQ(partners({"a", "a", "a", "b", "b", "b"}, reach), (std::vector{1, 0, -1, -1, 5, 4}));
  EXPECT_EQ(partners({"a", "b", "a", "b"}, reach), (std::vector{-1, -1, -1, -1}));
}

TEST(Nodes, BetweenNodesAllOfANodeTalkAtTheSameTime) {
  const Reach reach = Reach::between_nodes;
  EXPECT_EQ(partners({"a", "a"}, reach), (std::vector{-1, -1}));
  EXPECT_EQ(partners({"a", "a", "b", "b"}, reach), (std::vector{2, 3, 0, 1}));
  EXPECT_EQ(partners({"a", "a", "b", "b", "c", "c"}, reach), (std::vector{2, 3, 0, 1, -1, -1}));
  EXPECT_EQ(partners({"a", "a", "b"}, reach), (std::vector{2, -1, 0}));
  EXPECT_EQ(partners({"a", "a", "b", "c"}, reach), (std::vector{-1, -1, -1, -1}));
}

}  // namespace
}  // namespace heddle::bench
