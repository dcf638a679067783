// What a person decides about how a model is laid out over ranks, scheduled and held in memory: all that a
// plan is made of.
#pragma once

#include <cstdint>
#include <string>

#include "heddle/base/attention_memory.hpp"
#include "heddle/deck/deck.hpp"
#include "heddle/maps/grid.hpp"
#include "heddle/passes/number_types.hpp"
#include "heddle/passes/parallelize.hpp"
#include "heddle/passes/step_end.hpp"
#include "heddle/schedule/buckets.hpp"

namespace heddle::plan {

struct Options {
  deck::Model model;
  deck::Train train;
  deck::Pipeline pipeline;
  deck::Cost cost;
  deck::Machine machine;
  maps::Grid grid;
  passes::ResidualStream stream = passes::ResidualStream::whole;
  passes::Update update = passes::Update::final;
  passes::Masters masters = passes::Masters::kept;
  bool narrow_moments = false;  ///< the optimizer's averages are kept in bf16
  schedule::Bucketing bucketing = {};
  AttentionBy attention = AttentionBy::host;  ///< who does it, in memory that is planned
  std::int64_t rooms =
      0;  ///< bytes that kernels work in beside the arena: those of base/device_rooms.hpp, or none
  /// The table's rows on a rank, and the columns of its logits, are padded to a multiple of it.
  int table_multiple = 1;
  bool fuses = false;                       ///< by passes/epilogues.hpp and passes/residual_norms.hpp
  bool copies_state = false;                ///< what is written while training goes on
  std::string ranks_key = "grid.pipeline";  ///< by which key the number of pipeline ranks was given

  std::int64_t stages() const { return pipeline.stages(grid.extent(maps::Axis::pipeline)); }
  graph::Extents extents() const {
    return graph::Extents::microbatch(train.batch / pipeline.microbatches, train.sequence);
  }
};

}  // namespace heddle::plan
