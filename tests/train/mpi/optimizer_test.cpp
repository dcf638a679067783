// A step on every grid is the step of one rank: its norm, its clipping and its update.
#include "heddle/train/optimizer.hpp"

#include <cmath>
#include <limits>

#include "heddle/base/random.hpp"
#include "heddle/kernels/elementwise.hpp"
#include "heddle/kernels/reference.hpp"
#include "share.hpp"

namespace heddle::train {
namespace {

constexpr double loss = 2.5;

double made_up_gradient(const std::string& name, std::uint64_t index) {
  return 0.01 * normal_at(random_key(name, 7), 0, index);
}

double made_up_norm() {
  double sum = 0;
  const graph::Graph model = gpt();
  for (graph::ValueId id : tests::parameters(model))
    for (std::int64_t i = 0; i < model[id].shape.count(); ++i)
      sum += std::pow(made_up_gradient(model[id].name, static_cast<std::uint64_t>(i)), 2);
  return std::sqrt(sum);
}

/// An optimizer over a rank's share; the token table is tied where several stages hold it.
struct Trainer {
  Trainer(Share& the_share, const deck::Optimizer& settings)
      : share(the_share),
        loss_memory(8, tests::lane()),
        optimizer(settings, *share.runner, tests::world().all(), loss_share()) {
    for (const TrainedParameter& p : share.parameters) initialise(p, 1, tests::lane());
  }

  /// The first rank's share is the whole loss.
  Tensor loss_share() const {
    const Tensor tensor{loss_memory.data(), DType::f64, {}};
    kernels::fill(tests::lane(), tensor, loss);
    return share.grid.rank() == 0 ? tensor : Tensor{};
  }
  /// Every rank that holds a tied parameter has a part of its gradient.
  void fill_gradients() const {
    const PipelineRank first(0), last(static_cast<int>(share.names_of_rank.size()) - 1);
    for (const TrainedParameter& p : share.parameters) {
      const bool tied = last > 0 && share.holds(first, p.name) && share.holds(last, p.name);
      const double part = !tied ? 1.0 : share.pipeline_rank == 0 ? 0.25 : 0.75;
      fill(p, p.gradient, [&](std::uint64_t i) { return part * made_up_gradient(p.name, i); });
    }
  }
  void step(std::int64_t number, double rate) {
    fill_gradients();
    optimizer.begin_step(number, rate);
    share.sum_ties();
    optimizer.step({});
  }

  Share& share;
  lanes::Memory loss_memory;
  Optimizer optimizer;
};

deck::Optimizer settings_with(double clip) {
  deck::Optimizer settings;
  settings.clip = clip;
  return settings;
}

TEST(Optimizer, TheNormCountsEveryElementOnceOnEveryGrid) {
  const double norm = made_up_norm();
  for_each_share([&](Share& share) {
    Trainer trainer(share, settings_with(1.0));
    trainer.step(0, 1e-3);
    EXPECT_NEAR(trainer.optimizer.result().gradient_norm / norm, 1.0, 1e-13);
    EXPECT_EQ(trainer.optimizer.result().loss, loss);
  });
}

/// What two steps make of one parameter, element by element.
kernels::reference::AdamWState after_two_steps(const TrainedParameter& p, const deck::Optimizer& settings,
                                               double scale) {
  kernels::reference::AdamWState state{to_host(p.tensor), {}, {}};
  state.m.resize(state.parameter.size());
  state.v.resize(state.parameter.size());
  std::vector<double> gradient(state.parameter.size());
  for_each_element(
      p, [&](std::size_t i, std::uint64_t index) { gradient[i] = made_up_gradient(p.name, index); });
  for (int t = 1; t <= 2; ++t)
    state = kernels::reference::adamw(state, gradient,
                                      {.rate = 1e-3 * t,
                                       .beta1 = settings.beta1,
                                       .beta2 = settings.beta2,
                                       .epsilon = settings.epsilon,
                                       .weight_decay = p.initial.decay ? settings.weight_decay : 0.0,
                                       .gradient_scale = scale,
                                       .bias_correction1 = 1 - std::pow(settings.beta1, t),
                                       .bias_correction2 = 1 - std::pow(settings.beta2, t)});
  return state;
}

TEST(Optimizer, StepsAsOneRankWouldWithClippingAndWithout) {
  const double norm = made_up_norm();
  for (double clip : {0.0, norm / 3, norm * 3})
    for_each_share([&](Share& share) {
      const deck::Optimizer settings = settings_with(clip);
      Trainer trainer(share, settings);
      const double scale = clip == norm / 3 ? 1.0 / 3 : 1.0;
      std::vector<kernels::reference::AdamWState> expected;
      for (const TrainedParameter& p : share.parameters)
        expected.push_back(after_two_steps(p, settings, scale));
      trainer.step(0, 1e-3);
      trainer.step(1, 2e-3);
      for (std::size_t k = 0; k < expected.size(); ++k) {
        const TrainedParameter& p = share.parameters[k];
        const std::vector<double> value = to_host(p.tensor), m = to_host(p.first_moment);
        double worst = 0;
        for (std::size_t i = 0; i < value.size(); ++i)
          worst = std::max(
              {worst, std::abs(value[i] - expected[k].parameter[i]), std::abs(m[i] - expected[k].m[i])});
        EXPECT_LE(worst, 1e-12) << p.name;
      }
    });
}

/// A NaN on one rank ends the step everywhere, and before anything has changed.
TEST(Optimizer, RefusesGradientsThatAreNotFiniteOnEveryRank) {
  for_each_share([](Share& share) {
    Trainer trainer(share, settings_with(1.0));
    std::vector<std::vector<double>> before;
    for (const TrainedParameter& p : share.parameters) before.push_back(to_host(p.tensor));
    trainer.fill_gradients();
    const TrainedParameter& first = share.parameters.front();
    if (share.grid.rank() == 0)
      fill(first, first.gradient, [](std::uint64_t) { return std::numeric_limits<double>::quiet_NaN(); });
    trainer.optimizer.begin_step(4, 1e-3);
    share.sum_ties();
    trainer.optimizer.step({});
    ASSERT_TRUE(trainer.optimizer.refusal());
    EXPECT_EQ(trainer.optimizer.refusal()->code(), ExitCode::numbers);
    EXPECT_NE(trainer.optimizer.refusal()->problem.find("nan"), std::string::npos);
    trainer.optimizer.begin_step(4, 1e-3);
    EXPECT_FALSE(trainer.optimizer.refusal()) << "the next one is another";
    for (std::size_t k = 0; k < before.size(); ++k) EXPECT_EQ(to_host(share.parameters[k].tensor), before[k]);
  });
}

}  // namespace
}  // namespace heddle::train
