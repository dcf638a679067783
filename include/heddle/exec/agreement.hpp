// Ranks that must do the same one after another agree on what comes next: the first of them decides.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "heddle/comm/communicator.hpp"
#include "heddle/comm/request.hpp"

namespace heddle::exec {

class Agreement {
 public:
  /// `ranks` must outlive it.
  explicit Agreement(const comm::Communicator& ranks) : ranks_(ranks) {}

  bool decides() const { return ranks_.rank() == 0; }
  /// By the first rank: to the others, which are told in the same order.
  void tell(std::int32_t choice);
  /// On the others: the next choice, if it has come. It stays the next one until `take`.
  std::optional<std::int32_t> told();
  void take() { incoming_.reset(); }
  /// Waits until all that was told has left.
  void finish();

 private:
  struct Message {
    std::int32_t choice = 0;
    std::vector<comm::Request> requests = {};
  };

  const comm::Communicator& ranks_;
  std::deque<Message> outgoing_;  ///< a deque: what it holds stays in its place
  std::optional<Message> incoming_;
};

}  // namespace heddle::exec
