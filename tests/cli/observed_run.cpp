// A run that somebody else's code looks at: `observed_run DECK [section.key=value ...]` prints each step's loss, every bit of
// it, and what each stage spends on each microbatch.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "heddle/comm/gather.hpp"
#include "heddle/deck/check.hpp"
#include "heddle/deck/read.hpp"
#include "heddle/kernels/runtime.hpp"
#include "heddle/session/session.hpp"

namespace {
using namespace heddle;

class TimeOfMicrobatches final : public exec::Observer {
 public:
  void action_ended(const schedule::Event& event) override {
    if (!is_compute(event.action.kind)) return;
    seconds_[{event.action.stage, event.action.microbatch}] += event.end - event.begin;
    ++actions_;
  }
  void step_ended(const exec::StepResult&) override { ++steps_; }

  std::string text() const {
    std::string text;
    for (const auto& [place, seconds] : seconds_)
      text += fmt::format("stage {} microbatch {}: {:.6f} s, {} actions in {} steps\n", place.first,
                          place.second, seconds, actions_, steps_);
    return text;
  }

 private:
  std::map<std::pair<int, int>, double> seconds_;
  int actions_ = 0, steps_ = 0;
};

class Losses final : public exec::Observer {
 public:
  void step_ended(const exec::StepResult& result) override {
    text_ += fmt::format("step {}: loss {:.17g}, gradient norm {:.17g}\n", result.step, result.loss,
                         result.gradient_norm);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};
}  // namespace

int main(int argc, char** argv) {
  comm::World world(argc, argv);
  return static_cast<int>(world.run([&] {
    const std::vector<std::string> words(argv + std::min(argc, 2), argv + argc);
    const deck::Deck deck = deck::read(argc > 1 ? argv[1] : "", words);
    deck::check(deck);
    deck::check_ranks(deck, world.size());
    const kernels::Runtime runtime(world.rank_on_host());
    session::Session session(deck, world);
    TimeOfMicrobatches times;
    Losses losses;
    session.observe(times);
    session.observe(losses);
    session.run();
    if (world.rank() == 0) fmt::print("{}", losses.text());
    for (const std::string& text : comm::gather(world.all(), times.text(), comm::Receivers::first, "times"))
      fmt::print("{}", text);
  }));
}
