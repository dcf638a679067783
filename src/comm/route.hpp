// One rank's share of a data movement, prepared: which segments go to whom, which come from whom and where
// they land. Every map that exchanges blocks, and every transfer plan, is one of these.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "heddle/comm/exchange.hpp"
#include "heddle/lanes/memory.hpp"
#include "segments.hpp"

namespace heddle::comm {

/// In the coordinates of the global tensor. Pieces between the same two ranks stand in the same order on
/// both. A received segment whose peer is this rank comes from its own source tensor; sent ones of that
/// kind are ignored.
struct LocalPlan {
  struct Part {
    int peer;
    maps::Box box;
  };
  maps::Box source, target;
  std::vector<Part> sent, received;
};

struct Exchange::Route : std::enable_shared_from_this<Exchange::Route> {
  Route(const Communicator& communicator, LocalPlan plan, DType dtype);
  Request start(const Tensor& in, const Tensor& out, const lanes::Lane& lane);

  /// For make_request and go_on. Makes the calls of MPI of one exchange, and once they are done lands what arrived and
  /// goes on to `next`, which may be empty. Exchanges that pass each other need tags of their own. `out` may be fp32
  /// where what is added up is bf16.
  using Step = std::function<void(Request::State&)>;
  Step step(const Tensor& in, const Tensor& out, const lanes::Lane& lane, int tag, Step next);

 private:
  struct Message {
    int peer;
    Segment segment;
  };
  struct Landing {
    bool own;          ///< from this rank's source tensor, otherwise from the workspace
    lanes::Runs runs;  ///< from there to the target
  };

  void plan_receives(const LocalPlan& plan);
  bool adds_apart(const Tensor& out) const;
  void post(Request::State& state, const void* in, void* arrival, int tag) const;
  void land_all(const Tensor& in, void* workspace, const Tensor& out, const lanes::Lane& lane) const;
  void land_segments(const void* in, const void* workspace, const Tensor& sums,
                     const lanes::Lane& lane) const;

  Communicator::Handle& group_;
  DType dtype_;
  Shape source_, target_;
  std::vector<Message> sends_, receives_;
  std::vector<Landing> landings_;  // in the order of the plan
  bool adds_ = false;         // segments overlap, so they arrive in the workspace and are added from there
  bool covered_ = false;      // the first landing, or all of them where none overlap, fill the target
  lanes::Runs target_run_;    // all of the target
  std::int64_t sums_at_ = 0;  // bytes into the workspace, behind what arrives: sums in fp32 for a bf16 target
};

}  // namespace heddle::comm
