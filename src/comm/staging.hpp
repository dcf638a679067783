// Copies of a lane's tensors on the host, for messages that the message library cannot take from the lane's memory.
#pragma once

#include <vector>

#include "request_state.hpp"
#include "workspaces.hpp"

namespace heddle::comm {

class Staging {
 public:
  /// Enqueues the copies of what is read. `workspaces` are of the host's memory.
  Staging(Workspaces& workspaces, const lanes::Lane& lane, const std::vector<Use>& uses);

  /// Those of `uses`, in their order; they hold what is read once the lane has come to here.
  const std::vector<Tensor>& tensors() const { return tensors_; }
  /// Enqueues the copies of what was written, and gives the memory back.
  void bring_back();

 private:
  struct Copy {
    lanes::Memory there;
    Use use;
  };
  Workspaces& workspaces_;
  lanes::Lane lane_;
  std::vector<Tensor> tensors_;
  std::vector<Copy> copies_;
};

}  // namespace heddle::comm
