// The rows of DualPipeV, by the eight phases of a rank.
#include "heddle/schedule/dual_pipe_v.hpp"

#include <fmt/format.h>

#include <array>
#include <deque>

#include "heddle/schedule/phases.hpp"
#include "heddle/schedule/placement.hpp"
#include "heddle/schedule/request.hpp"

namespace heddle::schedule {
namespace {

/// The two stages of a rank: on the way out and on the way back.
enum Way : std::size_t { out, back };

class Writer {
 public:
  Writer(PipelineRank rank, int ranks) : stage_{Stage(int{rank}), Stage(2 * ranks - 1 - rank)} {}

  void forward(Way way) { row_.push_back({ActionKind::forward, stage_[way], forwards_[way]++}); }
  void backward(Way way) { row_.push_back({ActionKind::backward, stage_[way], backwards_[way]++}); }
  void input(Way way) {
    row_.push_back({ActionKind::backward_input, stage_[way], backwards_[way]});
    waiting_.push_back({stage_[way], backwards_[way]++});
  }
  /// The W that waits longest, if any does.
  void weight() {
    if (waiting_.empty()) return;
    row_.push_back({ActionKind::backward_weight, waiting_.front().stage, waiting_.front().microbatch});
    waiting_.pop_front();
  }
  Row row() { return std::move(row_); }

 private:
  std::array<Stage, 2> stage_;
  std::array<int, 2> forwards_{}, backwards_{};
  std::deque<Turn> waiting_;
  Row row_;
};

/// Until both stages have forwards and backwards to do.
void warm_up(Writer& to, int behind, int before) {
  for (int i = 0; i < 2 * behind; ++i) to.forward(out);
  for (int i = 0; i < before + 1; ++i) {
    to.forward(out);
    to.forward(back);
  }
  for (int i = 0; i < behind; ++i) {
    to.input(back);
    to.weight();
    to.forward(back);
  }
}

/// Half of the last backwards are split, so that W fills the end.
void cool_down(Writer& to, PipelineRank rank, int behind, int before) {
  bool split = false;
  const auto backward = [&](Way way) { split ? to.input(way) : to.backward(way); };
  for (int i = 0; i < before + 1; ++i) {
    const bool half = i == (before + 1) / 2;
    split = split || (half && rank % 2 == 1);
    backward(back);
    split = split || (half && rank % 2 == 0);
    backward(out);
  }
  for (int i = 0; i < behind; ++i) {
    to.weight();
    backward(out);
  }
  for (int i = 0; i < before + 1; ++i) to.weight();
}

Row row_of(PipelineRank rank, int ranks, int microbatches) {
  const int behind = ranks - 1 - rank, before = rank;
  Writer to(rank, ranks);
  warm_up(to, behind, before);
  for (int i = 0; i < microbatches - 2 * ranks + rank + 1; ++i) {
    to.forward(out);
    to.backward(back);
    to.forward(back);
    to.backward(out);
  }
  for (int i = 0; i < behind; ++i) {
    to.backward(back);
    to.forward(back);
    to.backward(out);
  }
  cool_down(to, rank, behind, before);
  return to.row();
}

}  // namespace

Schedule dual_pipe_v(int ranks, int microbatches) {
  if (microbatches < 2 * ranks)
    throw BadRequest(
        "microbatches",
        fmt::format("pipeline.microbatches = {} is too few for dualpipev on {} ranks", microbatches, ranks),
        "it fills both ways of the V with as many microbatches as there are stages",
        fmt::format("try pipeline.microbatches = {}", 2 * ranks));
  Schedule schedule{{}, folded(ranks), microbatches};
  for (const PipelineRank rank : first<PipelineRank>(ranks))
    schedule.rows.push_back(row_of(rank, ranks, microbatches));
  return schedule;
}

}  // namespace heddle::schedule
