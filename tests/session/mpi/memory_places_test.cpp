// Who shares a memory, and whether that is enough.
#include "heddle/session/memory_places.hpp"

#include <gtest/gtest.h>

#include "heddle/lanes/device.hpp"
#include "heddle/plan/host_memory.hpp"
#include "support/expect_error.hpp"
#include "synthetic_run.hpp"

namespace heddle::tests {
namespace {

TEST(MemoryPlaces, RanksThatShareAPlaceAreNamedTogether) {
  EXPECT_EQ(session::text({"GPU A on n1"}), "rank 0 on GPU A on n1");
  EXPECT_EQ(session::text({"B on n1", "A on n1", "B on n1"}), "ranks 0, 2 on B on n1\nrank 1 on A on n1");
  std::vector<std::string> many;
  for (int rank = 0; rank < 70; ++rank) many.push_back(std::to_string(rank));
  EXPECT_TRUE(session::text(many).ends_with("\nrank 63 on 63\nand 6 more"));
}

TEST(MemoryPlaces, OfTheHostAreTheHosts) {
  if (lanes::device()) GTEST_SKIP() << "the places are GPUs";
  EXPECT_EQ(session::memory_places(world()), world().hosts());
  EXPECT_EQ(session::text(session::device_use(lanes::device_memory()), 1, 1), "");
}

TEST(MemoryPlaces, WhatTheRanksOfAPlaceTakeTogetherMustBeThere) {
  const plan::Plan plan = plan::make(small_deck({"grid.data=4"}));
  const std::vector<std::string> places = {"A", "B", "A", "A"};
  const auto one =
      static_cast<double>(lanes::device() ? plan.memory(0).bytes() : bytes_of(plan::host_memory(plan, 0)));
  EXPECT_NO_THROW(session::check_memory(plan, "d.toml", places, 2, 3 * one));
  EXPECT_NO_THROW(session::check_memory(plan, "d.toml", places, 1, one));
  expect_error(ExitCode::usage, {"d.toml: the ranks on A take", "it has"},
               [&] { session::check_memory(plan, "d.toml", places, 2, 3 * one - 1); });
  expect_error(ExitCode::usage, {"d.toml: the ranks on B take"},
               [&] { session::check_memory(plan, "d.toml", places, 1, one - 1); });
}

}  // namespace
}  // namespace heddle::tests
