// A picture's boxes say what happened: how long, of which kind, of which stage.
#include "heddle/plan/picture.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <regex>

namespace heddle::plan {
namespace {

using schedule::ActionKind;
using testing::HasSubstr;
using testing::Not;

/// Of the boxes of a colour what stands behind a letter of their path.
std::vector<double> sizes(const std::string& picture, const std::string& colour, const std::string& which) {
  std::vector<double> all;
  const std::regex path("<path fill=\"" + colour + "\" d=\"([^\"]*)\""), box(which);
  for (std::sregex_iterator one(picture.begin(), picture.end(), path), end; one != end; ++one) {
    const std::string data = (*one)[1];
    for (std::sregex_iterator b(data.begin(), data.end(), box); b != end; ++b)
      all.push_back(std::stod((*b)[1]));
  }
  return all;
}

/// How wide each is.
std::vector<double> widths(const std::string& picture, const std::string& colour) {
  return sizes(picture, colour, "h([0-9.]+)v");
}

/// How tall each is.
std::vector<double> heights(const std::string& picture, const std::string& colour) {
  return sizes(picture, colour, "v([0-9.]+)h");
}

constexpr const char *forward = "#5b8fd0", *backward = "#e39a4f", *wait = "#cfcfd8",
                     *pale_forward = "#adc7e8";

schedule::Timeline two_ranks(double unit, double start = 0) {
  const auto event = [&](ActionKind kind, int stage, int microbatch, double begin, double end) {
    return schedule::Event{{kind, Stage(stage), microbatch}, start + unit * begin, start + unit * end};
  };
  return {{event(ActionKind::forward, 0, 7, 0, 2), event(ActionKind::backward, 0, 7, 6, 10)},
          {event(ActionKind::receive_forward, 1, 7, 0, 2), event(ActionKind::forward, 1, 7, 2, 3),
           event(ActionKind::backward, 1, 7, 3, 5)}};
}

TEST(Picture, TimeIsLength) {
  const std::string picture = svg({.title = "a < b", .unit = "s", .panels = {{two_ranks(1)}}});
  const std::vector<double> f = widths(picture, forward), b = widths(picture, backward);
  ASSERT_EQ(f.size(), 2u);
  ASSERT_EQ(b.size(), 2u);
  EXPECT_NEAR((f[0] + 1) / (f[1] + 1), 2, 1e-4);  // a pixel keeps boxes apart
  EXPECT_NEAR((b[0] + 1) / (f[0] + 1), 2, 1e-4);
  EXPECT_EQ(widths(picture, wait).size(), 1u);
  EXPECT_THAT(picture, HasSubstr("a &lt; b"));
  EXPECT_THAT(picture, HasSubstr(">7</text>"));
  EXPECT_THAT(picture, HasSubstr("wait for data"));
  EXPECT_THAT(picture, Not(HasSubstr("optimizer")));
  EXPECT_THAT(picture, HasSubstr("rank 1, stage 1"));
}

TEST(Picture, PanelsShareOneScaleAndBeginWithTheirFirstEvent) {
  const std::string picture =
      svg({.title = "both", .panels = {{two_ranks(1, 100), "slow"}, {two_ranks(0.5), "fast"}}});
  const std::vector<double> f = widths(picture, forward);
  ASSERT_EQ(f.size(), 4u);
  EXPECT_NEAR((f[0] + 1) / (f[2] + 1), 2, 1e-4);
  EXPECT_THAT(picture, HasSubstr("slow"));
}

TEST(Picture, TheLaterAStageOfARankThePalerItsBoxes) {
  const schedule::Timeline one = {
      {{{ActionKind::forward, Stage(0), 0}, 0, 1}, {{ActionKind::forward, Stage(3), 0}, 1, 2}}};
  const std::string picture = svg({.title = "", .panels = {{one}}});
  EXPECT_EQ(widths(picture, forward).size(), 1u);
  EXPECT_EQ(widths(picture, pale_forward).size(), 1u);
  EXPECT_THAT(picture, HasSubstr("rank 0, stages 0, 3"));
}

TEST(Picture, AStepsLengthChoosesTheUnit) {
  for (const auto& [seconds, unit] :
       {std::pair(2e-5, "microseconds"), {0.02, "milliseconds"}, {20, "seconds"}, {200, "minutes"}})
    EXPECT_THAT(svg({.title = "", .panels = {{two_ranks(seconds)}}}), HasSubstr(fmt::format(">{}<", unit)));
  EXPECT_THAT(svg({.title = "", .unit = "an F takes 1", .panels = {{two_ranks(20)}}}),
              HasSubstr(">an F takes 1<"));
}

/// Steady work of one part F, two parts B and one part that is idle.
schedule::Timeline busy_rank(int microbatches) {
  schedule::Timeline one(1);
  for (int m = 0; m < microbatches; ++m) {
    one[0].push_back({{ActionKind::forward, Stage(0), m}, 4.0 * m, 4.0 * m + 1});
    one[0].push_back({{ActionKind::backward, Stage(0), m}, 4.0 * m + 1, 4.0 * m + 3});
  }
  return one;
}

TEST(Picture, BoxesTooNarrowToBeToldApartBecomeSharesOfTime) {
  const std::string few = svg({.title = "", .panels = {{busy_rank(30)}}}),
                    many = svg({.title = "", .panels = {{busy_rank(1000)}}});
  EXPECT_EQ(widths(few, forward).size(), 30u);
  EXPECT_THAT(few, Not(HasSubstr("shares of its time")));
  EXPECT_THAT(many, HasSubstr("shares of its time"));
  const std::vector<double> columns = widths(many, forward), f = heights(many, forward),
                            b = heights(many, backward);
  EXPECT_LT(columns.size(), 100u);
  ASSERT_EQ(f.size(), b.size());
  for (std::size_t i = 0; i < 70; ++i) {  // what is left at the end is too narrow for a column
    EXPECT_GE(columns[i], 19);
    EXPECT_GT(b[i], 1.5 * f[i]);  // columns need not begin with an F
    EXPECT_LT(b[i], 2.6 * f[i]);
    EXPECT_LT(f[i] + b[i], 0.9 * 51);
  }
}

TEST(Picture, ALongBoxAmongNarrowOnesStaysABox) {
  schedule::Timeline one = busy_rank(1000);
  one[0].push_back({{ActionKind::step, Stage(0), -1}, 4000, 5000});
  EXPECT_EQ(widths(svg({.title = "", .panels = {{one}}}), "#5a5a66").size(), 1u);
}

TEST(Picture, OfNothingIsStillOne) {
  EXPECT_THAT(svg({.title = "empty", .panels = {{schedule::Timeline(3)}}}), HasSubstr("rank 2"));
  EXPECT_THAT(svg({.title = "none"}), HasSubstr("</svg>"));
}

}  // namespace
}  // namespace heddle::plan
