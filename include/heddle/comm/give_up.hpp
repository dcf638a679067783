// What a run does with messages of a device that are under way when it fails.
#pragma once

#include <exception>

#include "heddle/comm/communicator.hpp"

namespace heddle::comm {

/// Where an error destroys it, the device's message library gives up all that is under way: memory that the device still uses is
/// freed later, and would be waited for without end. Declare it after what it is to go before.
class GiveUp {
 public:
  explicit GiveUp(const Communicator& ranks) : ranks_(ranks) {}
  ~GiveUp();
  GiveUp(const GiveUp&) = delete;
  GiveUp& operator=(const GiveUp&) = delete;

 private:
  const Communicator& ranks_;
  int errors_ = std::uncaught_exceptions();
};

}  // namespace heddle::comm
