// The rows of ZB-V, by the phases of a rank.
#include "heddle/schedule/zb_v.hpp"

#include <algorithm>

#include "heddle/base/error.hpp"
#include "heddle/schedule/placement.hpp"

namespace heddle::schedule {
namespace {

/// One rank's row while it is written; `out` is its stage on the way out, `back` the one on the way back.
class Writer {
 public:
  Writer(PipelineRank rank, int ranks, int microbatches)
      : microbatches_(microbatches), out_{Stage(int{rank})}, back_{Stage(2 * ranks - 1 - rank)} {}

  struct Way {
    Stage stage;
    int forwards = 0, inputs = 0, weights = 0;  ///< how many microbatches are through
  };

  Way& out() { return out_; }
  Way& back() { return back_; }
  void forward(Way& way) { add(ActionKind::forward, way.stage, way.forwards++); }
  void input(Way& way) { add(ActionKind::backward_input, way.stage, way.inputs++); }
  void weight(Way& way) { add(ActionKind::backward_weight, way.stage, way.weights++); }
  void backward(Way& way) {
    input(way);
    weight(way);
  }
  Row row() { return std::move(row_); }

 private:
  void add(ActionKind kind, Stage stage, int microbatch) {
    if (microbatch < microbatches_) row_.push_back({kind, stage, microbatch});
  }

  int microbatches_;
  Way out_, back_;
  Row row_;
};

void warm_up(Writer& to, PipelineRank rank, int ranks) {
  for (int i = 0; i < 2 * (ranks - rank) - 1; ++i) to.forward(to.out());
  for (int i = 0; i < rank; ++i) {
    to.forward(to.back());
    to.forward(to.out());
  }
  for (int i = 0; i < ranks - rank; ++i) {
    to.forward(to.back());
    to.backward(to.back());
  }
}

void cool_down(Writer& to, PipelineRank rank, int ranks) {
  for (int i = 0; i < rank; ++i) {
    to.input(to.out());
    to.input(to.back());
  }
  for (int i = 0; i < ranks - rank; ++i) to.backward(to.out());
  while (to.back().weights < to.back().inputs) to.weight(to.back());
  while (to.out().weights < to.out().inputs) to.weight(to.out());
}

Row row_of(PipelineRank rank, int ranks, int microbatches) {
  const int laid_out = std::max(microbatches, 2 * ranks - 1);  // as many as all phases take
  Writer to(rank, ranks, microbatches);
  warm_up(to, rank, ranks);
  while (to.back().forwards < to.out().forwards || to.out().forwards < laid_out) {
    if (to.out().forwards < laid_out) to.forward(to.out());
    to.backward(to.out());
    to.forward(to.back());
    to.backward(to.back());
  }
  cool_down(to, rank, ranks);
  return to.row();
}

}  // namespace

Schedule zb_v(int ranks, int microbatches) {
  HEDDLE_EXPECT(ranks >= 1 && microbatches >= 1);
  Schedule schedule{{}, folded(ranks), microbatches};
  for (const PipelineRank rank : first<PipelineRank>(ranks))
    schedule.rows.push_back(row_of(rank, ranks, microbatches));
  return schedule;
}

}  // namespace heddle::schedule
