// Sums gradients over the axes that share a parameter, in buckets, while backward still runs.
#pragma once

#include <vector>

#include "heddle/comm/collectives.hpp"
#include "heddle/exec/program_runner.hpp"

namespace heddle::exec {

/// The sum_reduce maps of a program's epilogue, carried out bucket by bucket: gradients over the same axes lie side by
/// side, those that F begins first, the others in the order in which they become final, so that a bucket is one message.
/// A gradient is final when every node that adds to it has run for every microbatch. Between two gradients of a bucket lie a
/// few bytes that nobody reads; they are summed with the rest.
class GradientReducer {
 public:
  GradientReducer(const ProgramRunner& runner, const comm::CartesianGrid& grid, int microbatches,
                  std::int64_t bucket_bytes);

  void begin_step();
  /// To be told of every node that has run; starts the reduction of a bucket with its last gradient.
  void node_done(int node);
  /// Moves what is under way; true when every bucket is reduced.
  bool test();

  /// What is reduced as one message, and over which axes.
  struct Message {
    maps::AxisSet axes;
    Tensor gradients;
  };
  std::vector<Message> messages() const;

  /// Nodes of the epilogue that the buckets stand for.
  const std::vector<bool>& carried_out() const { return carried_out_; }

 private:
  struct Bucket {
    maps::AxisSet axes;
    bool begun_by_forward = false;    ///< at the loss; if tied, perhaps final last
    std::int64_t begin = 0, end = 0;  ///< bytes of the gradients' pool
    int writes = 0;                   ///< node runs a step that add to it
    int waiting = 0;                  ///< of these still to come
    comm::Request request = {};
    DType dtype = DType::f32;
  };

  void add(graph::ValueId sum, maps::AxisSet axes, std::int64_t bucket_bytes);
  Tensor tensor(const Bucket& bucket) const;

  const ProgramRunner& runner_;
  const comm::CartesianGrid& grid_;
  int microbatches_;
  std::vector<Bucket> buckets_;
  std::vector<std::vector<int>> buckets_of_;  ///< the buckets that a node adds to
  std::vector<bool> carried_out_;
};

}  // namespace heddle::exec
