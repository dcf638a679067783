// What a measurement leaves is a file that a deck takes, and says where it knows nothing.
#include "../../src/bench/machine_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "heddle/deck/read.hpp"

namespace heddle::bench {
namespace {

const Origin origin{.program = "heddle 0",
                    .when = "2026-01-02 03:04 UTC",
                    .processors = {"One \"X\"", "Two"},
                    .ranks = 4,
                    .nodes = 1};

deck::Machine read(const std::vector<MachineKey>& keys) {
  return deck::parse(machine_file(origin, keys), "m.toml", {}, deck::Purpose::schedule).machine;
}

TEST(MachineText, AFileGivesBackEveryKey) {
  const deck::Machine found = read({{"fp64", "1.5e+12", "FLOP/s"},
                                    {"fp32", "3e+12", ""},
                                    {"tf32", "5e+12", ""},
                                    {"bf16", "6e+12", ""},
                                    {"memory", "4e+12", ""},
                                    {"kernel", "4.5e-06", ""},
                                    {"ranks_per_node", "8", ""},
                                    {"latency", "3e-06", ""},
                                    {"bandwidth", "4e+11", ""},
                                    {"node_latency", "6e-06", ""},
                                    {"node_bandwidth", "5e+10", ""},
                                    {"contention", "true", ""}});
  const deck::Machine given{.fp64 = 1.5e12,
                            .fp32 = 3e12,
                            .tf32 = 5e12,
                            .bf16 = 6e12,
                            .memory = 4e12,
                            .kernel = 4.5e-6,
                            .ranks_per_node = 8,
                            .latency = 3e-6,
                            .bandwidth = 4e11,
                            .node_latency = 6e-6,
                            .node_bandwidth = 5e10,
                            .contention = true};
  EXPECT_EQ(found, given);
}

TEST(MachineText, WhatCouldNotBeMeasuredIsLeftOutWithItsReason) {
  const std::vector<MachineKey> keys = {{"fp32", "3e+12", "FLOP/s"}, {"latency", {}, "one rank took part"}};
  EXPECT_EQ(read(keys), (deck::Machine{.fp32 = 3e12}));
  EXPECT_THAT(machine_file(origin, keys),
              testing::HasSubstr("\n# latency is left out: one rank took part\n"));
}

TEST(MachineText, AFileSaysWhereItsFiguresComeFrom) {
  EXPECT_THAT(
      machine_file(origin, {}),
      testing::StartsWith("# Measured by `heddle bench --machine` of heddle 0 on 2026-01-02 03:04 UTC: "
                          "4 ranks on 1 node, One \"X\"; Two.\n"));
}

TEST(MachineText, FiguresHaveTheUnitThatPeopleUse) {
  EXPECT_EQ(text(216.5e9, Unit::flops_per_second), "216.5 GFLOP/s");
  EXPECT_EQ(text(756.1e12, Unit::flops_per_second), "756.1 TFLOP/s");
  EXPECT_EQ(text(4.018e12, Unit::bytes_per_second), "4.018 TB/s");
  EXPECT_EQ(text(47.9e-9, Unit::seconds), "47.9 ns");
  EXPECT_EQ(text(4.7e-6, Unit::seconds), "4.7 us");
  EXPECT_EQ(text(1.25, Unit::seconds), "1.25 s");
}

TEST(MachineText, ATableIsNoWiderThanAPage) {
  const std::string all = table({{std::string(90, 'x'), Unit::seconds, {4.7e-6, 4e-6, 5e-6}}});
  for (std::size_t begin = 0, end = 0; (end = all.find('\n', begin)) != std::string::npos; begin = end + 1)
    EXPECT_LE(end - begin, 120U);
  EXPECT_THAT(all, testing::ContainsRegex("4.7 us +4 us +5 us\n"));
}

}  // namespace
}  // namespace heddle::bench
