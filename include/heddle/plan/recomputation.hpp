// What a plan recomputes, for people.
#pragma once

#include <string>

#include "heddle/plan/plan.hpp"

namespace heddle::plan {

/// FLOPs that the stages of a pipeline rank make again in the backward of one microbatch, over all ranks
/// that share it.
double recomputed_flops(const passes::Program& program, const graph::Extents& extents);

/// What a pipeline rank recomputes of the model's layers: "layers 2 to 4 all, layer 5 attention". Embedding
/// and final norm, which keep next to nothing, are left out.
std::string recomputation_text(const Plan& plan, PipelineRank pipeline_rank);

}  // namespace heddle::plan
