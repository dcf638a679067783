// A device's message library that goes through MPI: what is enqueued on a lane is done late, by the host, whenever it waits.
// It holds all ranks of a group to the same calls in the same order, which NCCL does not do but hang, or worse. And it does one
// call after the other, of whatever group, in the order in which the rank makes them: as a device that is as busy with a call as
// can be. Who runs to the end on it needs no two calls at a time.
#pragma once

#include <deque>

#include "heddle/comm/device_messages.hpp"

namespace heddle::tests {

class MessageDouble final : public comm::DeviceMessages {
 public:
  /// Its groups' lanes stand beside `lane`, in memory that the host reaches.
  explicit MessageDouble(lanes::Lane lane) : lane_(std::move(lane)) {}

  std::string name() const override { return "MPI in the place of a device's library"; }
  Id new_id() override;
  std::unique_ptr<Group> join(const Id& id, int ranks, int rank) override;
  /// Does what lanes have come to. Throws Error if ranks of a group make other calls.
  void look_after() override;
  /// What lanes have come to, or will, is as good as done.
  void give_up() noexcept override;
  bool given_up() const { return given_up_; }

  class Call;
  /// To be begun once the host waits for anything.
  void enqueue(const lanes::Lane& lane, const std::shared_ptr<Call>& call);

 private:
  struct Enqueued {
    std::shared_ptr<Call> call;
    lanes::Mark end;
  };

  lanes::Lane lane_;
  int ids_ = 0;
  std::deque<Enqueued> calls_;  ///< in their order
  bool given_up_ = false;
};

}  // namespace heddle::tests
