// The share of a plan that this process holds, ready to be trained step by step.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "heddle/comm/give_up.hpp"
#include "heddle/data/dataset.hpp"
#include "heddle/exec/engine.hpp"
#include "heddle/kernels/runtime.hpp"
#include "heddle/plan/message_memory.hpp"
#include "heddle/plan/plan.hpp"
#include "heddle/session/products.hpp"
#include "heddle/train/optimizer.hpp"
#include "heddle/train/parameters.hpp"

namespace heddle::session {

/// What training needs to know beside the plan.
struct Options {
  deck::Optimizer optimizer;
  std::int64_t steps = 0;  ///< of the whole run, over which the rate changes
  std::uint64_t seed = 1;
  exec::Packing packing = exec::Packing::arena;
  kernels::ProductLibrary* products = nullptr;  ///< whose algorithms are chosen; null: there is no choice
  std::string earlier_products = {};            ///< CheckpointHeader::products of the run that goes on
  double spike = 0;                             ///< train.spike
  std::function<train::Votes()> votes = {};     ///< as train::Optimizer asks; none: neither
};

/// The part of a deck that a trainer needs beside its plan.
Options options_of(const deck::Deck& deck);

class Trainer {
 public:
  /// Collective. Parameters hold their initial values. All but the options must outlive it.
  /// `ranks` are as many as the plan's grid has. Everything is computed on the lane.
  Trainer(Options options, const plan::Plan& plan, const comm::Communicator& ranks, const exec::Clock& clock,
          lanes::Lane lane = lanes::device_lane());

  /// The samples of a step's batch that this data rank takes: [first, first + count).
  std::int64_t first_sample() const { return samples().begin; }
  std::int64_t sample_count() const { return samples().size(); }

  /// One optimizer step, counted from 0, on this data rank's samples. Throws train::Refused on every rank if
  /// loss or gradient norm is not finite, or the loss a spike; parameters and moments are then what they were before the step,
  /// which may be made once more, or with other samples. The
  /// observer may be null. With optimizer.validate = "after" it must live until the step is settled, which
  /// the next step, an evaluation or `settle` does. Returns result().
  train::StepResult step(std::int64_t step, const data::Batch& samples, exec::Observer* observer = nullptr);
  /// Returns result(), which is the last step's: it counts, else throws as `step`.
  train::StepResult settle();

  /// Of the last step that was settled, also of one that diverged.
  const train::StepResult& result() const { return optimizer_->result(); }

  /// Settles the last step. The loss of one batch without dropout, equal on every rank: the mean over
  /// the targets that count (base/target.hpp), of which there must be some. In a training step all are
  /// taken to count.
  double evaluate(const data::Batch& samples);

  const plan::Plan& plan() const { return plan_; }
  const comm::CartesianGrid& grid() const { return grid_; }
  /// Who carries the messages of this run; the same on every rank.
  plan::Carriers carriers() const;
  /// That messages land in on this rank beside the plan, made before the first step.
  std::int64_t message_bytes() const { return message_bytes_; }
  const exec::Engine& engine() const { return *engine_; }
  const lanes::Lane& lane() const { return lane_; }
  /// Bytes that this rank has allocated for the model and its training, and a GPU for its kernels.
  std::int64_t allocated() const {
    return engine_->arena().allocated() + evaluation_->arena().allocated() + kernels::Runtime::room_bytes();
  }
  /// Of training and evaluation together.
  exec::ReplayCount replays() const { return engine_->replays() + evaluation_->replays(); }
  const Products& products() const { return products_; }
  /// Of the steps that counted.
  const train::RunningLoss& losses() const { return optimizer_->losses(); }
  /// A run goes on that had these.
  void go_on(double loss_mean, std::int64_t loss_steps) {
    optimizer_->go_on(train::RunningLoss(options_.spike, loss_mean, loss_steps));
  }
  /// Parameters and moments stay as they are until `mark` is passed, of the lane's device: the next update awaits it.
  void keep_state_until(lanes::Mark mark) { optimizer_->keep_state_until(std::move(mark)); }
  /// What this rank holds, where it lies now. Whoever is handed memory may write it, before the next step, which makes copies of parameters anew.
  std::vector<train::TrainedParameter> parameters();
  /// To be read.
  std::vector<train::TrainedParameter> parameters() const;
  /// This rank's part of a parameter or moment, by the name that plan::state tells; it holds it.
  Tensor state_tensor(std::string_view name);
  Tensor state_tensor(std::string_view name) const;

 private:
  exec::Observer* of_pieces() const { return observer_ && observer_->watches_pieces() ? observer_ : nullptr; }
  exec::EngineInput engine_input(const plan::Execution& execution) const;
  maps::Block samples() const;
  void provide_message_memory();
  void end_step();
  double counted_targets(const data::Batch& samples) const;
  Tensor loss_share(const exec::Engine& engine) const;
  exec::RunState state(std::int64_t step, exec::Observer* of_pieces = nullptr) const;

  Options options_;
  const plan::Plan& plan_;
  const comm::Communicator& ranks_;
  const exec::Clock& clock_;
  lanes::Lane lane_;
  comm::CartesianGrid grid_;
  Products products_;
  std::optional<exec::Engine> engine_, evaluation_;
  std::optional<train::Optimizer> optimizer_;
  std::int64_t message_bytes_ = 0;
  exec::Observer* observer_ = nullptr;  ///< of the last step
  bool handed_out_ = true;              ///< parameters to be written, so that their copies may be old
  comm::GiveUp give_up_{ranks_};        ///< the first to go where a step fails
};

}  // namespace heddle::session
