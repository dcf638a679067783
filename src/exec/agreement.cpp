#include "heddle/exec/agreement.hpp"

#include "heddle/comm/point_to_point.hpp"

namespace heddle::exec {
namespace {

constexpr int tag = 0;

Tensor as_tensor(std::int32_t& choice) { return {&choice, DType::i32, {1}}; }

}  // namespace

void Agreement::tell(std::int32_t choice) {
  while (!outgoing_.empty() && comm::test_all(outgoing_.front().requests)) outgoing_.pop_front();
  Message& message = outgoing_.emplace_back(Message{choice});
  for (int rank = 1; rank < ranks_.size(); ++rank)
    message.requests.push_back(start_send(ranks_, rank, tag, as_tensor(message.choice), {}));
}

std::optional<std::int32_t> Agreement::told() {
  if (!incoming_) {
    incoming_ = Message{};
    incoming_->requests.push_back(start_receive(ranks_, 0, tag, as_tensor(incoming_->choice), {}));
  }
  return comm::test_all(incoming_->requests) ? std::optional(incoming_->choice) : std::nullopt;
}

void Agreement::finish() {
  for (Message& message : outgoing_)
    for (comm::Request& request : message.requests)
      comm::wait(request, {"what the ranks of a pipeline rank agree on"});
  outgoing_.clear();
}

}  // namespace heddle::exec
