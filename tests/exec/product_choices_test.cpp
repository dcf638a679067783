// Which algorithm the seconds choose, and choices as text.
#include "heddle/exec/product_choices.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "../support/expect_error.hpp"

namespace heddle::exec {
namespace {

using Seconds = std::vector<std::vector<double>>;

TEST(ChooseAlgorithm, TakesTheFastest) {
  EXPECT_EQ(choose_algorithm(Seconds{{3}, {2}, {1}, {2}}), 2);
  EXPECT_EQ(choose_algorithm(Seconds{{1}, {2}}), 0);
}

TEST(ChooseAlgorithm, LeavesAnEarlierOneForTwoPercentOnly) {
  EXPECT_EQ(choose_algorithm(Seconds{{1}, {0.981}}), 0);
  EXPECT_EQ(choose_algorithm(Seconds{{1}, {0.979}}), 1);
  EXPECT_EQ(choose_algorithm(Seconds{{1}, {0.985}, {0.979}}), 2) << "of the one that it would replace";
  EXPECT_EQ(choose_algorithm(Seconds{{1}, {0.979}, {0.961}}), 1);
}

TEST(ChooseAlgorithm, GoesByTheMedianOfTheCalls) {
  EXPECT_EQ(choose_algorithm(Seconds{{1, 1, 1, 1, 1}, {0.1, 1, 1.1, 1.2, 0.1}}), 0) << "two lucky calls";
  EXPECT_EQ(choose_algorithm(Seconds{{1, 1, 1, 1, 1}, {9, 0.5, 0.5, 0.5, 9}}), 1) << "two disturbed calls";
}

TEST(ChooseAlgorithm, TakesNoneThatDoesNotRun) {
  EXPECT_EQ(choose_algorithm(Seconds{{}, {2}, {}, {1}}), 3);
  EXPECT_EQ(choose_algorithm(Seconds{{}, {}}), -1);
  EXPECT_EQ(choose_algorithm(Seconds{}), -1);
}

kernels::ProductKey key_of(std::int64_t rows, bool accumulates) {
  return {.factors = DType::bf16,
          .result = accumulates ? DType::f32 : DType::bf16,
          .flips_a = accumulates,
          .flips_b = !accumulates,
          .accumulates = accumulates,
          .has_bias = !accumulates,
          .has_gelu = rows == 64 && !accumulates,
          .rows = rows,
          .columns = 768,
          .inner = 3072,
          .a_stride = 3073,
          .b_stride = 3074,
          .c_stride = 769,
          .alignment = 16};
}

ProductChoices some_choices() {
  ProductChoices choices;
  for (int i = 0; i < 4; ++i) {
    ProductChoice choice{{}, i, 1.0 / 3 + i};
    for (std::size_t byte = 0; byte < choice.algorithm.size(); ++byte)
      choice.algorithm[byte] = static_cast<std::byte>(37 * byte + static_cast<std::size_t>(i));
    choices[key_of(i < 2 ? 50257 : 64, i % 2 == 0)] = choice;
  }
  return choices;
}

constexpr auto library = "NVIDIA H200, cuBLASLt 130100";

std::string with(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(ProductText, BringsBackWhatWasWritten) {
  const ProductChoices choices = some_choices();
  EXPECT_EQ(choices_of(text_of(choices, library), library), choices);
  EXPECT_EQ(choices_of(text_of({}, library), library), ProductChoices{});
}

/// Which knew no product with gelu's slope.
TEST(ProductText, OfTheFirstVersionIsRead) {
  ProductChoices choices = some_choices();
  std::erase_if(choices, [](const auto& one) { return one.first.has_gelu; });
  std::string text = with(text_of(choices, library), "\"version\": 2", "\"version\": 1");
  const std::string line = "   \"gelu\": false,\n";
  for (std::size_t at = text.find(line); at != std::string::npos; at = text.find(line))
    text.erase(at, line.size());
  EXPECT_EQ(text.find("gelu"), std::string::npos);
  EXPECT_EQ(choices_of(text, library), choices);
}

TEST(ProductText, TellsProductsOfRoundedFactorsFromOthers) {
  ProductChoices choices = some_choices();
  kernels::ProductKey rounded = {.factors = DType::f32, .rounding = Rounding::tf32, .rows = 9},
                      plain = rounded;
  plain.rounding = Rounding::none;
  choices[rounded] = {{}, 1, 1.0};
  choices[plain] = {{}, 2, 2.0};
  const std::string text = text_of(choices, library);
  EXPECT_EQ(choices_of(text, library), choices);
  EXPECT_NE(text.find("\"factors\": \"tf32\""), std::string::npos);
  tests::expect_error(ExitCode::usage, {"tf32 is no type"}, [&] {
    choices_of(with(text, "\"result\": \"fp32\"", "\"result\": \"tf32\""), library);
  });
}

TEST(ProductText, IsRefusedWithAReason) {
  const std::string text = text_of(some_choices(), library);
  const auto refused = [](const std::string& damaged, const std::string& why) {
    tests::expect_error(ExitCode::usage, {why}, [&] { choices_of(damaged, library); });
  };
  refused("", "parse error");
  refused(text.substr(0, text.size() / 2), "parse error");
  refused("[1, 2]", "cannot use at() with array");
  refused(with(text, "heddle products", "heddle schedule"), "no list of products");
  refused(with(text, "\"version\": 2", "\"version\": 3"), "no list of products");
  refused(with(text, "NVIDIA H200", "NVIDIA A100"), "its products are of NVIDIA A100, cuBLASLt 130100");
  refused(with(text, "\"bf16\"", "\"int32\""), "int32");
  refused(with(text, "\"inner\": 3072", "\"inner\": \"many\""), "type must be number");
  refused(with(text, "\"bias\"", "\"bees\""), "bias");
  refused(with(text, "\"algorithm\": \"00", "\"algorithm\": \""), "64 bytes");
  refused(with(text, "\"algorithm\": \"00", "\"algorithm\": \"0g"), "64 bytes");
}

}  // namespace
}  // namespace heddle::exec
