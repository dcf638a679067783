// Cuts a graph into the stages of a pipeline.
#pragma once

#include <vector>

#include "heddle/passes/balance.hpp"

namespace heddle::passes {

/// What a stage exchanges with stages of other ranks. A value may be both received and sent, passing through.
struct Border {
  Stage stage;
  std::vector<graph::ValueId> received, sent;  ///< activations, in the order in which they were made
  /// Cotangents of `sent` and of `received`; none before differentiation.
  std::vector<graph::ValueId> received_cotangents, sent_cotangents;
};

/// The stages of one pipeline rank as one graph, whose values of role input are the model's inputs and what
/// its stages receive. A value that passes between two stages of the rank is the same value in both.
struct Share {
  graph::Graph graph;           ///< its nodes tell their stage
  std::vector<Border> borders;  ///< one a stage, in the order of the stages
};

/// Cuts before the given blocks and deals the stages out: `rank_of_stage` has a pipeline rank for each stage,
/// and each rank from 0 on has a stage. A value made in one stage and used in another is handed on from stage
/// to stage; what depends on parameters alone is computed on every rank that uses it, so that a parameter
/// used on two ranks (a tied head) stands on both.
ById<PipelineRank, Share> partition(const graph::Graph& graph, const std::vector<int>& cuts,
                                    const ById<Stage, PipelineRank>& rank_of_stage);
/// One stage a rank.
ById<PipelineRank, Share> partition(const graph::Graph& graph, const std::vector<int>& cuts);

}  // namespace heddle::passes
