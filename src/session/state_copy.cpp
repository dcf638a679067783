#include "heddle/session/state_copy.hpp"

#include <algorithm>
#include <functional>

#include "heddle/plan/host_memory.hpp"

namespace heddle::session {
StateCopy::StateCopy(const comm::Communicator& ranks, const Trainer& trainer)
    : trainer_(trainer),
      room_(lanes::Memory::beside(plan::state_copy(trainer.plan(), trainer.grid().rank()), trainer.lane())),
      beside_(trainer.lane().beside()),
      give_up_(ranks) {}

/// Tensors of the widest numbers come first, so that each lies where its numbers may.
lanes::Mark StateCopy::make() {
  beside_.await(trainer_.lane().mark("the state, to be copied"));
  parameters_ = trainer_.parameters();
  std::vector<Tensor*> written;
  for (train::TrainedParameter& p : parameters_)
    for (Tensor* tensor : {&p.tensor, &p.first_moment, &p.second_moment, &p.remainder})
      if (p.owner && tensor->data) written.push_back(tensor);
  std::ranges::stable_sort(written, std::ranges::greater(), [](Tensor* one) { return size_of(one->dtype); });
  copy(written);
  return beside_.mark("the copy of the state");
}

void StateCopy::copy(const std::vector<Tensor*>& tensors) {
  auto* to = static_cast<std::byte*>(room_.data());
  for (Tensor* from : tensors) {
    const Tensor there{to, from->dtype, from->shape};
    beside_.copy(*from, there);
    *from = there;
    to += there.bytes();
  }
  HEDDLE_EXPECT(to - static_cast<std::byte*>(room_.data()) == room_.bytes());
}

}  // namespace heddle::session
