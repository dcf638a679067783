// What a simulation tells a person of the figures that it was given.
#include "heddle/plan/simulation.hpp"

#include <gmock/gmock.h>

#include "heddle/deck/read.hpp"
#include "heddle/plan/from_deck.hpp"

namespace heddle::plan {
namespace {

std::string told(const std::string& machine, const std::string& precision = "fp32") {
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
  const std::vector<std::string> overrides = {"train.precision=" + precision};
  const Options options = options_of(deck::parse(text, "d.toml", overrides, deck::Purpose::simulation));
  return plan::text(simulate(options), options);
}

TEST(Simulation, TakesTheRateOfThePrecisionThatTheDeckHas) {
  EXPECT_EQ(told("bf16 = 4e12\n"), told(""));
  EXPECT_NE(told("bf16 = 1e9\n", "bf16"), told("bf16 = 2e9\n", "bf16"));
  EXPECT_EQ(told("bf16 = 4e12\n", "tf32"), told("")) << "what is not known of TF32 is that of fp32";
  EXPECT_EQ(told("tf32 = 1e9\n"), told(""));
  EXPECT_NE(told("tf32 = 1e9\n", "tf32"), told("", "tf32"));
  EXPECT_THROW(told("", "bf16"), KeyError);
}

}  // namespace
}  // namespace heddle::plan
