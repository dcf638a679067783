// The same numbers as PyTorch: loss, every gradient, and ten AdamW steps with warm-up, weight decay and
// clipping are held against tests/parity/golden.h5, which torch_golden.py wrote there, on every grid of as
// many ranks as there are. docs/parity.md says more.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "heddle/comm/collectives.hpp"
#include "heddle/io/checkpoint.hpp"
#include "heddle/plan/from_deck.hpp"
#include "heddle/session/session.hpp"
#include "heddle/train/rate.hpp"
#include "support/checked_deck.hpp"
#include "support/lane.hpp"
#include "support/mpi_world.hpp"

namespace heddle::tests {
namespace {

/// Of the checkout; what tests/device/bundle.sh packs has it elsewhere.
std::string source_folder() {
  const char* unpacked = std::getenv("HEDDLE_SOURCE_DIR");
  return unpacked ? unpacked : HEDDLE_SOURCE_DIR;
}

const std::string golden_file = source_folder() + "/tests/parity/golden.h5";

/// Relative differences that are allowed.
struct Bounds {
  double loss, gradient, steps;
};
/// Where torch clips it divides by the gradient's norm + 1e-6, which fp64 sees after a step. In bf16 a number has passed
/// some 48 roundings of at most 2^-8 before it counts in a gradient - ten in each of two layers and four around them,
/// there and back - which are independent, and so are torch's; two tensors that are apart by d, relatively, have a cosine
/// of at least 1 - d^2 / 2.
Bounds bounds(DType dtype) {
  if (dtype == DType::bf16) return {2e-3, std::sqrt(2.0 * 48) * bfloat16_rounding, 2e-3};
  return dtype == DType::f64 ? Bounds{1e-12, 1e-10, 1e-7} : Bounds{1e-6, 1e-5, 1e-5};
}

struct Grid {
  int data, pipeline, tensor;
};

/// Those that the golden model fits on, which has two layers, four heads and four samples.
std::vector<Grid> grids(int ranks) {
  std::vector<Grid> found;
  for (int data : {1, 2, 4})
    for (int pipeline : {1, 2})
      for (int tensor : {1, 2, 4})
        if (data * pipeline * tensor == ranks) found.push_back({data, pipeline, tensor});
  return found;
}

deck::Deck deck_of(const io::Checkpoint& golden, const Grid& grid, DType dtype) {
  return checked_deck(
      golden.header().deck,
      {fmt::format("grid.data={}", grid.data), fmt::format("grid.pipeline={}", grid.pipeline),
       fmt::format("grid.tensor={}", grid.tensor), fmt::format("train.precision={}", heddle::name(dtype)),
       fmt::format("pipeline.microbatches={}", grid.data < 4 ? 2 : 1)});
}

Shape begin_of(const maps::Box& box) {
  Shape begin;
  for (const maps::Block& block : box) begin.push_back(block.begin);
  return begin;
}

/// A block of a dataset.
std::vector<double> read(const io::Checkpoint& golden, const std::string& dataset, const maps::Box& box) {
  std::vector<double> values(static_cast<std::size_t>(box.count()));
  golden.read(dataset, golden.entries().at(dataset).shape, begin_of(box),
              {values.data(), DType::f64, box.shape()});
  return values;
}

std::vector<double> read(const io::Checkpoint& golden, const std::string& dataset) {
  return read(golden, dataset, maps::Box(golden.entries().at(dataset).shape));
}

void set(const Tensor& tensor, const std::vector<double>& values) {
  with_real(tensor.dtype, [&](auto zero) {
    const std::vector<decltype(zero)> host(values.begin(), values.end());
    lane().copy_from_host(std::as_bytes(std::span(host)), tensor);
  });
}

std::vector<double> get(const Tensor& tensor) {
  return with_real(tensor.dtype, [&](auto zero) {
    std::vector<decltype(zero)> host(static_cast<std::size_t>(tensor.count()));
    lane().copy_to_host(tensor, std::as_writable_bytes(std::span(host)));
    return std::vector<double>(host.begin(), host.end());
  });
}

data::Batch batch_of(const io::Checkpoint& golden, std::int64_t first, std::int64_t count) {
  const std::int64_t window = golden.entries().at("tokens").shape[1];
  const auto tokens = read(golden, "tokens", {{first, first + count}, {0, window}});
  data::Batch batch;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const auto place = static_cast<std::int64_t>(i) % window;
    if (place + 1 < window) batch.inputs.push_back(static_cast<std::int32_t>(tokens[i]));
    if (place > 0) batch.targets.push_back(static_cast<std::int32_t>(tokens[i]));
  }
  return batch;
}

/// The bias of the keys adds the same to all scores of a query, which softmax does not see: its
/// gradient is zero but for rounding, of which AdamW makes steps. It is the middle third of a qkv.bias
/// [3, heads, head_dim].
bool holds_key_bias(const std::string& name) { return name.ends_with("attention.qkv.bias"); }

/// Sums of squares over all ranks that hold a part of a parameter, its copies on several ranks included; of a
/// key's bias by itself.
struct Squares {
  double difference = 0, golden = 0, key_difference = 0, key_count = 0;

  double relative() const { return std::sqrt(difference / golden); }
};

Squares squares(const std::string& name, const std::vector<double>& mine, const std::vector<double>& golden) {
  Squares sum;
  const std::size_t third = mine.size() / 3;
  for (std::size_t i = 0; i < mine.size(); ++i) {
    const double square = (mine[i] - golden[i]) * (mine[i] - golden[i]);
    if (holds_key_bias(name) && i / third == 1) {
      sum.key_difference += square;
      sum.key_count += 1;
    } else {
      sum.difference += square;
      sum.golden += golden[i] * golden[i];
    }
  }
  for (double* value : {&sum.difference, &sum.golden, &sum.key_difference, &sum.key_count})
    *value = comm::all_sum(world().all(), *value, "parity: " + name);
  return sum;
}

/// A trainer that starts from the golden weights.
class GoldenRun {
 public:
  GoldenRun(const io::Checkpoint& golden, const Grid& grid, DType dtype)
      : golden_(golden),
        deck_(deck_of(golden, grid, dtype)),
        plan_(plan::make(deck_)),
        trainer_(session::options_of(deck_), plan_, world().all(), clock_, lane()),
        batch_(batch_of(golden, trainer_.first_sample(), trainer_.sample_count())),
        prefix_(std::string(heddle::name(dtype)) + "/") {
    for (const train::TrainedParameter& p : trainer_.parameters())
      set(p.tensor, read(golden, io::parameter_dataset(p.name), p.box));
  }

  train::StepResult step(std::int64_t step) { return trainer_.step(step, batch_); }
  const deck::Deck& deck() const { return deck_; }
  std::vector<double> torch(const std::string& what) const { return read(golden_, prefix_ + what); }

  /// `f(name, squares)` for every parameter, where `what`, a member of it, is held
  /// against dataset `kind`/NAME.
  template <class F>
  void compare(Tensor train::TrainedParameter::*what, const std::string& kind, F&& f) const {
    const std::string group = "parameters/";
    const std::vector<train::TrainedParameter> held = trainer_.parameters();
    for (const auto& [dataset, entry] : golden_.entries()) {
      if (!dataset.starts_with(group)) continue;
      const std::string name = dataset.substr(group.size());
      const auto p = std::ranges::find(held, name, &train::TrainedParameter::name);
      if (p == held.end()) {
        f(name, squares(name, {}, {}));
      } else {
        EXPECT_EQ(p->global, entry.shape) << name;
        f(name, squares(name, get((*p).*what), read(golden_, prefix_ + kind + "/" + name, p->box)));
      }
    }
  }

 private:
  const io::Checkpoint& golden_;
  deck::Deck deck_;
  plan::Plan plan_;
  exec::Clock clock_;
  session::Trainer trainer_;
  data::Batch batch_;
  std::string prefix_;
};

double relative(double mine, double golden) { return std::abs(mine - golden) / std::abs(golden); }

class Parity : public testing::TestWithParam<DType> {
 protected:
  void SetUp() override {
    if (grids(world().size()).empty()) GTEST_SKIP() << "the golden model fits on no grid of as many ranks";
  }
  void say(const Grid& grid, const std::string& text) const {
    if (world().rank() == 0)
      fmt::print("{} data {} x pipeline {} x tensor {}: {}\n", heddle::name(GetParam()), grid.data,
                 grid.pipeline, grid.tensor, text);
  }

  io::Checkpoint golden_{golden_file};
  Bounds bounds_ = bounds(GetParam());
};

TEST_P(Parity, LossAndGradients) {
  for (const Grid& grid : grids(world().size())) {
    GoldenRun run(golden_, grid, GetParam());
    const train::StepResult result = run.step(0);
    const double loss = relative(result.loss, run.torch("losses")[0]);
    const double norm = relative(result.gradient_norm, run.torch("gradient_norms")[0]);
    EXPECT_LE(loss, bounds_.loss);
    EXPECT_LE(norm, bounds_.gradient);

    double worst = 0, key = 0;
    run.compare(&train::TrainedParameter::gradient, "gradient",
                [&](const std::string& name, const Squares& found) {
                  EXPECT_LE(found.relative(), bounds_.gradient) << name;
                  worst = std::max(worst, found.relative());
                  key = std::max(key, std::sqrt(found.key_difference) / result.gradient_norm);
                });
    EXPECT_LE(key, bounds_.gradient) << "the gradient of a key's bias is not zero";
    say(grid, fmt::format("loss {:.1e}, gradient norm {:.1e}, gradients {:.1e}, keys' bias {:.1e}", loss,
                          norm, worst, key));
  }
}

TEST_P(Parity, TenAdamWSteps) {
  for (const Grid& grid : grids(world().size())) {
    GoldenRun run(golden_, grid, GetParam());
    double loss = 0, norm = 0, worst = 0, rates = 0;
    for (std::int64_t step = 0; step < run.deck().train.steps; ++step) {
      const auto at = static_cast<std::size_t>(step);
      const train::StepResult result = run.step(step);
      loss = std::max(loss, relative(result.loss, run.torch("losses")[at]));
      norm = std::max(norm, relative(result.gradient_norm, run.torch("gradient_norms")[at]));
      rates += train::learning_rate(run.deck().optimizer, step, run.deck().train.steps);
    }
    EXPECT_LE(loss, bounds_.steps);
    say(grid, fmt::format("ten steps: losses {:.1e}, gradient norms {:.1e}", loss, norm));
    if (GetParam() == DType::bf16) continue;  // AdamW makes whole steps of gradients that are rounding
    EXPECT_LE(norm, bounds_.steps);

    run.compare(&train::TrainedParameter::tensor, "final",
                [&](const std::string& name, const Squares& found) {
                  EXPECT_LE(found.relative(), bounds_.steps) << name;
                  EXPECT_LE(std::sqrt(found.key_difference), rates * std::sqrt(found.key_count)) << name;
                  worst = std::max(worst, found.relative());
                });
    say(grid, fmt::format("ten steps: parameters {:.1e}", worst));
  }
}

TEST(ParityOfRates, TheDecksScheduleGivesTheRatesThatTorchWasGiven) {
  const io::Checkpoint golden(golden_file);
  const deck::Deck deck = deck_of(golden, {1, 1, 1}, DType::f64);
  const std::vector<double> rates = read(golden, "rates");
  ASSERT_EQ(static_cast<std::int64_t>(rates.size()), deck.train.steps);
  for (std::size_t i = 0; i < rates.size(); ++i)
    EXPECT_NEAR(train::learning_rate(deck.optimizer, static_cast<std::int64_t>(i), deck.train.steps),
                rates[i], 1e-15);
}

INSTANTIATE_TEST_SUITE_P(Types, Parity, testing::Values(DType::f32, DType::f64, DType::bf16),
                         [](const auto& type) { return std::string(heddle::name(type.param)); });

}  // namespace
}  // namespace heddle::tests
