// A communicator of NCCL on a stream of its own.
#pragma once

#include <nccl.h>

#include <memory>
#include <set>

#include "heddle/comm/device_messages.hpp"

namespace heddle::comm::nccl {

/// Throws Error that names the call and NCCL's reason.
void check(ncclResult_t result, const char* call);

class Group final : public DeviceMessages::Group {
 public:
  using Message = DeviceMessages::Message;
  using All = std::set<Group*>;
  /// One of `all` as long as it lives. Its ranks are connected when it is made: later NCCL would let the host of one wait until
  /// the other makes the call that needs the connection.
  Group(std::shared_ptr<All> all, const ncclUniqueId& id, int ranks, int rank);
  ~Group() override;
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  const lanes::Lane& lane() const override { return lane_; }
  void all_reduce(const Tensor& in, const Tensor& out) override;
  void reduce(const Tensor& tensor, int root) override;
  void broadcast(const Tensor& tensor, int root) override;
  void exchange(std::span<const Message> sends, std::span<const Message> receives) override;
  /// Throws Error if it has failed.
  void look_after();
  /// Ends what is under way. NCCL wants the calls for all groups of a process to be made together.
  void abort() noexcept;

 private:
  void connect(int ranks, int rank);

  std::shared_ptr<All> all_;
  lanes::Lane lane_;
  cudaStream_t stream_;
  ncclComm_t comm_ = nullptr;  ///< null once it is aborted
  bool failed_ = false;
};

}  // namespace heddle::comm::nccl
