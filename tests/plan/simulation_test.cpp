// What a simulation tells a person of the figures that it was given.
#include "heddle/plan/simulation.hpp"

#include <gmock/gmock.h>

#include "heddle/deck/read.hpp"
#include "heddle/plan/from_deck.hpp"

namespace heddle::plan {
namespace {

std::string told(const std::string& machine) {
  const std::string text = R"(
[model]
layers = 2
heads = 2
width = 16
context = 16
vocabulary = 64
[train]
steps = 1
batch = 2
[machine]
fp32 = 1e12
memory = 1e11
)" + machine;
  const Options options = options_of(deck::parse(text, "d.toml", {}, deck::Purpose::simulation));
  return plan::text(simulate(options), options);
}

TEST(Simulation, SaysWhatOfAMachineItDoesNotUse) {
  EXPECT_THAT(told("bf16 = 4e12\n"), testing::HasSubstr("bf16 is not used"));
  EXPECT_THAT(told(""), testing::Not(testing::HasSubstr("bf16")));
}

}  // namespace
}  // namespace heddle::plan
