// Gradients that are summed over the ranks as one message, while backward still runs.
#pragma once

#include <cstdint>
#include <vector>

#include "heddle/schedule/memory_plan.hpp"

namespace heddle::schedule {

/// Neighbours in the pool of gradients, summed over the same axes. Between two gradients lie a few bytes that
/// nobody reads; they are summed with the rest.
struct Bucket {
  maps::AxisSet axes;
  DType dtype = DType::f32;
  DType sent = DType::f32;          ///< between ranks
  bool begun_by_forward = false;    ///< at the loss; if tied, perhaps final last
  std::int64_t begin = 0, end = 0;  ///< bytes of the gradients' pool
  /// The nodes that add to it, once for each of its gradients: it is final when all of them have run in every
  /// microbatch, those of the loss in every chunk.
  std::vector<graph::NodeId> writers = {};
};

/// How gradients go from rank to rank.
struct Bucketing {
  std::int64_t most_bytes = std::int64_t{16}
                            << 20;  ///< of gradients in a bucket, but for a single one that is larger
  bool narrow = false;              ///< sent as bf16
};

/// In the order of their bytes.
std::vector<Bucket> buckets(const passes::Program& program, const MemoryPlan& memory, Bucketing bucketing);

}  // namespace heddle::schedule
