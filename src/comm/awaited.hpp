// What lanes wait for in the host's place. Where one of them hangs, the host waits for that lane, and this tells what it hangs on.
#pragma once

#include <deque>
#include <optional>

#include "heddle/comm/watchdog.hpp"
#include "heddle/lanes/mark.hpp"

namespace heddle::comm {

class Awaited {
 public:
  /// A lane was told to wait for `mark`.
  void add(const lanes::Mark& mark, Waiting what);
  /// Of what has not come to pass, that which was added first.
  std::optional<Waiting> oldest();

 private:
  void drop_passed();

  struct One {
    lanes::Mark mark;
    Waiting what;
  };
  std::deque<One> all_;
};

}  // namespace heddle::comm
