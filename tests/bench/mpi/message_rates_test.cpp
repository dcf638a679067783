// Messages are measured on whatever lane, within nodes and between them.
#include "../../../src/bench/message_rates.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "support/lane.hpp"
#include "support/mpi_world.hpp"

namespace heddle::bench {
namespace {

using tests::world;

/// Ranks that believe to stand on such nodes.
MachineReport report(const std::vector<std::string>& hosts) {
  MachineReport report;
  add_message_rates(report, world().all(), hosts, tests::lane());
  return report;
}

std::map<std::string, std::optional<std::string>> keys(const MachineReport& report) {
  std::map<std::string, std::optional<std::string>> all;
  for (const MachineKey& key : report.keys) all[key.name] = key.value;
  return all;
}

void expect_positive(const std::optional<std::string>& value) {
  ASSERT_TRUE(value);
  EXPECT_GT(std::stod(*value), 0);
  EXPECT_TRUE(std::isfinite(std::stod(*value)));
}

TEST(MessageRates, OnOneNodeNothingIsSaidOfOthers) {
  const MachineReport found = report(std::vector<std::string>(world().size(), "a"));
  auto keys = bench::keys(found);
  EXPECT_EQ(keys.at("ranks_per_node"), std::to_string(world().size()));
  EXPECT_FALSE(keys.at("node_latency") || keys.at("node_bandwidth"));
  for (const char* key : {"latency", "bandwidth"})
    if (world().size() > 1)
      expect_positive(keys.at(key));
    else
      EXPECT_FALSE(keys.at(key));
  EXPECT_EQ(keys.at("contention").has_value(), world().size() > 1);
  for (const Figure& figure : found.figures) {
    EXPECT_LE(figure.of_ranks.least, figure.of_ranks.median) << figure.what;
    EXPECT_LE(figure.of_ranks.median, figure.of_ranks.most) << figure.what;
    EXPECT_GT(figure.of_ranks.least, 0) << figure.what;
  }
  // Three figures of messages and three collectives of three sizes.
  EXPECT_EQ(found.figures.size(), world().size() > 1 ? 3U + 9U : 0U);
}

TEST(MessageRates, BetweenNodesWhoHasAPartnerThereMeasures) {
  if (world().size() < 2) GTEST_SKIP() << "two nodes have two ranks";
  std::vector<std::string> hosts;
  for (int rank = 0; rank < world().size(); ++rank) hosts.emplace_back(2 * rank < world().size() ? "a" : "b");
  auto keys = bench::keys(report(hosts));
  EXPECT_EQ(keys.at("ranks_per_node"), std::to_string(world().size() / 2));
  expect_positive(keys.at("node_latency"));
  expect_positive(keys.at("node_bandwidth"));
  EXPECT_EQ(keys.at("latency").has_value(), world().size() > 2);
}

}  // namespace
}  // namespace heddle::bench
