#include "heddle/session/kept_checkpoints.hpp"

#include <gtest/gtest.h>

namespace heddle::session {
namespace {

/// Of steps 6, 5, ... 1, of which the second, fourth and sixth were evaluated.
std::vector<io::StoredCheckpoint> six() {
  std::vector<io::StoredCheckpoint> all;
  for (std::int64_t step = 6; step > 0; --step) {
    io::StoredCheckpoint one{std::to_string(step), {.step = step, .deck = ""}};
    if (step % 2 == 0) one.header.validation_loss = step == 2 ? 1.0 : 2.0 + static_cast<double>(step);
    all.push_back(one);
  }
  return all;
}

std::vector<std::string> removed(std::int64_t keep, std::int64_t best) {
  deck::Output output;
  output.keep = keep;
  output.keep_best = best;
  return superfluous(six(), output);
}

using Paths = std::vector<std::string>;

TEST(KeptCheckpoints, AllWhereNobodySaysHowMany) { EXPECT_EQ(removed(0, 0), Paths{}); }
TEST(KeptCheckpoints, TheNewest) { EXPECT_EQ(removed(2, 0), (Paths{"4", "3", "2", "1"})); }
TEST(KeptCheckpoints, AndTheBest) { EXPECT_EQ(removed(1, 1), (Paths{"5", "4", "3", "1"})); }
TEST(KeptCheckpoints, TheNewestMayBeOfTheBest) { EXPECT_EQ(removed(1, 3), (Paths{"5", "3", "1"})); }
TEST(KeptCheckpoints, NoneIsOfTheBestThatWasNotEvaluated) {
  EXPECT_EQ(removed(1, 6), (Paths{"5", "3", "1"}));
}
TEST(KeptCheckpoints, ThereMayBeFewer) { EXPECT_EQ(removed(9, 2), Paths{}); }

}  // namespace
}  // namespace heddle::session
