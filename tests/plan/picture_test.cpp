// A picture's boxes say what happened: how long, of which kind, of which stage.
#include "heddle/plan/picture.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <regex>

namespace heddle::plan {
namespace {

using schedule::ActionKind;
using testing::HasSubstr;
using testing::Not;

/// Of the boxes of a colour: how wide each is.
std::vector<double> widths(const std::string& picture, const std::string& colour) {
  std::vector<double> all;
  const std::regex path("<path fill=\"" + colour + "\" d=\"([^\"]*)\""), box("h([0-9.]+)v");
  for (std::sregex_iterator one(picture.begin(), picture.end(), path), end; one != end; ++one) {
    const std::string data = (*one)[1];
    for (std::sregex_iterator b(data.begin(), data.end(), box); b != end; ++b)
      all.push_back(std::stod((*b)[1]));
  }
  return all;
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
      svg({.title = "both", .units = 1e3, .panels = {{two_ranks(1, 100), "slow"}, {two_ranks(0.5), "fast"}}});
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

TEST(Picture, OfNothingIsStillOne) {
  EXPECT_THAT(svg({.title = "empty", .panels = {{schedule::Timeline(3)}}}), HasSubstr("rank 2"));
  EXPECT_THAT(svg({.title = "none"}), HasSubstr("</svg>"));
}

}  // namespace
}  // namespace heddle::plan
