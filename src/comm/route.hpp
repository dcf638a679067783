// One rank's share of a data movement, prepared: which segments go to whom, which come from whom and where
// they land. Every map that exchanges blocks, and every transfer plan, is one of these.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "heddle/comm/exchange.hpp"
#include "heddle/lanes/memory.hpp"
#include "heddle/maps/segments.hpp"
#include "request_state.hpp"
#include "segments.hpp"

namespace heddle::comm {

/// What becomes of memory beside the tensors is planned by maps::Buffers (plan/message_memory.hpp).
struct Exchange::Route : std::enable_shared_from_this<Exchange::Route> {
  Route(const Communicator& communicator, maps::Segments plan, DType dtype);
  Request start(const Tensor& in, const Tensor& out, const lanes::Lane& lane);

  /// For make_request and go_on: the calls of MPI of one exchange. Once they are done what arrived is landed, and `next`
  /// follows, which may be empty. Exchanges that pass each other need tags of their own. `out` may be fp32 where what
  /// is added up is bf16.
  using Next = std::function<void(Request::State&)>;
  Calls calls(const Tensor& in, const Tensor& out, const lanes::Lane& lane, const char* what, int tag,
              Next next);

  /// The same by a device's message library, on the group's lane. `join`: what becomes of segments that overlap.
  void enqueue(DeviceMessages::Group& group, const Tensor& in, const Tensor& out, lanes::Landing join);

 private:
  struct Message {
    int peer;
    std::int64_t elements;
    Segment segment;
  };
  struct Landing {
    bool own;          ///< from this rank's source tensor, otherwise from the workspace
    lanes::Runs runs;  ///< from there to the target
  };
  /// How segments come to the target: on their own, or through a workspace.
  struct Arrivals {
    std::vector<Message> receives;
    std::vector<Landing> landings;  ///< in the order of the plan
    std::int64_t elements = 0;      ///< of the workspace
  };

  /// Segments to send that are no numbers in a row, in a row.
  struct Packed {
    lanes::Runs runs;  ///< from the source
    std::int64_t elements = 0;
  };

  /// Each is prepared when it is first needed.
  const Packed& packed();
  const Arrivals& arrivals(bool through_workspace);
  Packed make_packed() const;
  Arrivals make_arrivals(bool through_workspace) const;
  bool adds_apart(const Tensor& out) const;
  void post(Request::State& state, const Arrivals& how, const Tensor& in, const Tensor& arrival,
            int tag) const;
  void land_all(const Arrivals& how, const Tensor& in, void* workspace, const Tensor& out,
                lanes::Landing join, const lanes::Lane& lane) const;
  void land_segments(const Arrivals& how, const void* in, const void* workspace, const Tensor& sums,
                     lanes::Landing join, const lanes::Lane& lane) const;
  std::int64_t bytes_of_sums(const Tensor& out) const {
    return adds_apart(out) ? target_.count() * size_of(DType::f32) : 0;
  }

  Communicator::Handle& group_;
  DType dtype_;
  Shape source_, target_;
  maps::Segments plan_;  // without what is empty or sent to itself, dims merged
  std::vector<Message> sends_;
  std::optional<Packed> packed_;
  std::optional<Arrivals> direct_, through_workspace_;
  bool adds_ = false;       // segments overlap, so they are added up from the workspace
  bool covered_ = false;    // the first landing, or all of them where none overlap, fill the target
  lanes::Runs target_run_;  // all of the target
};

}  // namespace heddle::comm
