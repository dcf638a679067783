#include "staging.hpp"

namespace heddle::comm {

Staging::Staging(Workspaces& workspaces, const lanes::Lane& lane, const std::vector<Use>& uses)
    : workspaces_(workspaces), lane_(lane) {
  for (const Use& use : uses) {
    Tensor& tensor = tensors_.emplace_back(use.tensor);
    if (use.of == Use::Of::keeps || tensor.bytes() == 0) continue;
    const lanes::Memory there = workspaces_.take(tensor.bytes(), lane_);
    tensor.data = there.data();
    if (use.read()) lane_.copy(use.tensor, tensor);
    copies_.push_back({there, use});
  }
}

void Staging::bring_back() {
  for (const auto& [there, use] : copies_) {
    if (use.written()) lane_.copy({there.data(), use.tensor.dtype, use.tensor.shape}, use.tensor);
    workspaces_.keep(there, lane_);
  }
  copies_.clear();
}

}  // namespace heddle::comm
