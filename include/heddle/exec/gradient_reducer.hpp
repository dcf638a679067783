// Sums gradients over the axes that share a parameter, in buckets, while backward still runs.
#pragma once

#include <vector>

#include "heddle/comm/collectives.hpp"
#include "heddle/exec/program_runner.hpp"
#include "heddle/schedule/buckets.hpp"

namespace heddle::exec {

/// The sum_reduce maps of a program's epilogue, carried out bucket by bucket. A bucket is final when all its
/// writers have run for every microbatch.
class GradientReducer {
 public:
  GradientReducer(const ProgramRunner& runner, const comm::CartesianGrid& grid,
                  std::vector<schedule::Bucket> buckets, int microbatches);

  void begin_step();
  /// To be told of every node, before or after it is enqueued; whether it adds the last gradient to a bucket.
  bool count(int node);
  /// The nodes that were counted are enqueued: starts the reduction of buckets that are complete, and moves others on.
  void go_on();
  /// Moves what is under way; true when wait() would return at once.
  bool settled();
  /// Returns when every bucket is reduced, or the lane waits for those that are not. All writers have run.
  void wait();

  /// What is reduced as one message, and over which axes.
  struct Message {
    maps::AxisSet axes;
    Tensor gradients;
    DType sent;
  };
  std::vector<Message> messages() const;

  /// Nodes of the epilogue that the buckets stand for.
  const std::vector<bool>& carried_out() const { return carried_out_; }

 private:
  /// Where the sum of a bucket has come to.
  struct State {
    int writes = 0;   ///< node runs a step that add to it
    int waiting = 0;  ///< of these still to come
    comm::Request request = {};
  };

  Tensor tensor(const schedule::Bucket& bucket) const;

  const ProgramRunner& runner_;
  const comm::CartesianGrid& grid_;
  std::vector<schedule::Bucket> buckets_;
  std::vector<State> states_;                 ///< of each bucket
  std::vector<std::vector<int>> buckets_of_;  ///< the buckets that a node adds to
  std::vector<int> complete_;                 ///< buckets whose reduction is not started
  std::vector<bool> carried_out_;
};

}  // namespace heddle::exec
