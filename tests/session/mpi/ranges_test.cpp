// A profiler is told what the host enqueues: steps, in them actions, in them ops and maps.
#include "heddle/lanes/range.hpp"

#include <gtest/gtest.h>

#include <map>
#include <utility>

#include "support/late_stream.hpp"
#include "synthetic_run.hpp"

namespace heddle::tests {
namespace {

using Names = std::vector<std::string>;

class Sink final : public lanes::Ranges {
 public:
  void begin(const std::string& name) override {
    if (open_.size() >= at_depth.size()) at_depth.resize(open_.size() + 1);
    at_depth[open_.size()].push_back(name);
    within.emplace_back(open_.empty() ? "" : open_.back(), name);
    open_.push_back(name);
  }
  void end() override {
    ASSERT_FALSE(open_.empty());
    open_.pop_back();
  }
  bool idle() const { return open_.empty(); }

  std::vector<Names> at_depth;
  std::vector<std::pair<std::string, std::string>> within;  ///< each name behind that of the range around it

 private:
  Names open_;
};

/// The ranges of two steps on a lane that has somebody to listen.
class Ranges : public testing::Test {
 protected:
  Ranges()
      : deck_(small_deck(
            {world().size() % 2 == 0 ? "grid.pipeline=2" : "grid.pipeline=1",
             "grid.data=" + std::to_string(world().size() % 2 == 0 ? world().size() / 2 : world().size()),
             "train.batch=" + std::to_string(4 * world().size()), "pipeline.microbatches=2"})),
        plan_(plan::make(deck_)),
        lane_(lane().stream() ? lane() : lanes::Lane(std::make_shared<LateStream>())),
        before_(std::exchange(lane_.stream()->ranges, &sink_)),
        trainer_(session::options_of(deck_), plan_, world().all(), clock_, lane_) {
    const data::Batch batch = made_up_batch(deck_, trainer_.first_sample(), trainer_.sample_count());
    for (int step = 0; step < 2; ++step) trainer_.step(step, batch);
  }
  ~Ranges() override {
    lane_.fence("the end of a test");
    lane_.stream()->ranges = before_;
  }
  PipelineRank pipeline_rank() const { return plan_.pipeline_rank(trainer_.grid().rank()); }

  deck::Deck deck_;
  plan::Plan plan_;
  exec::Clock clock_;
  Sink sink_;
  lanes::Lane lane_;
  lanes::Ranges* before_;
  session::Trainer trainer_;
};

TEST_F(Ranges, AStepHoldsTheActionsOfItsRowInTheirOrder) {
  EXPECT_TRUE(sink_.idle());
  EXPECT_EQ(sink_.at_depth[0], (Names{"step 1", "step 2"}));
  Names actions, expected;
  for (const std::string& name : sink_.at_depth[1])
    if (name.find('.') == std::string::npos) actions.push_back(name);  // others are the prologue's nodes
  for (int step = 0; step < 2; ++step)
    for (const schedule::Action& action : plan_.training.schedule.rows[pipeline_rank()])
      expected.push_back(name(action));
  EXPECT_EQ(actions, expected);
}

TEST_F(Ranges, AnActionHoldsItsOpsAndMapsByNameAndTensor) {
  std::map<std::string, std::ptrdiff_t> held;
  for (const auto& [outer, inner] : sink_.within) {
    const bool is_step = outer.starts_with("step ");
    if (outer.empty() || (is_step && inner.find('.') == std::string::npos)) continue;
    ++held[inner];
    const std::string action = inner.substr(0, inner.find('.'));
    if (is_step)
      EXPECT_EQ(action, "prologue");
    else
      EXPECT_TRUE(outer.ends_with(action)) << inner << " in " << outer;  // "REDUCE_GRAD" in "0REDUCE_GRAD"
  }
  const Stage stage = plan_.stages(pipeline_rank()).front();
  const std::string layer = pipeline_rank() == 0 ? "layers.0" : "layers.7";
  for (int microbatch = 0; microbatch < 2; ++microbatch) {
    const auto cell = [&](schedule::ActionKind kind) {
      return name(schedule::Action{kind, stage, microbatch});
    };
    EXPECT_EQ(held[cell(schedule::ActionKind::forward) + ".linear " + layer + ".mlp.up"], 2) << "once a step";
    EXPECT_EQ(
        held[cell(schedule::ActionKind::backward) + ".linear_weight_gradient d." + layer + ".mlp.up.weight"],
        2);
  }
  EXPECT_EQ(held["STEP.adamw " + layer + ".mlp.up.weight"], 2);
}

}  // namespace
}  // namespace heddle::tests
